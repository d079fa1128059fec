// What the files of a cgroup could hold: every file that statistics, limits and verdicts are read
// from has the same text.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "../../src/cgroup/internal.hpp"
#include "../../src/cgroup/stats_files.hpp"
#include "cleat/base/text.hpp"
#include "fuzz.hpp"

namespace {

using namespace cleat;

constexpr const char* kFiles[] = {"blkio.bfq.io_service_bytes_recursive",
                                  "blkio.throttle.io_serviced_recursive",
                                  "cgroup.procs",
                                  "cpu.pressure",
                                  "cpu.stat",
                                  "cpuacct.stat",
                                  "cpuacct.usage",
                                  "cpuacct.usage_all",
                                  "cpuacct.usage_percpu",
                                  "cpuset.cpus",
                                  "cpuset.memory_pressure",
                                  "cpuset.mems",
                                  "cpuset.sched_relax_domain_level",
                                  "hugetlb.2MB.current",
                                  "hugetlb.2MB.events",
                                  "hugetlb.1GB.usage_in_bytes",
                                  "io.max",
                                  "io.pressure",
                                  "io.stat",
                                  "memory.current",
                                  "memory.events",
                                  "memory.kmem.usage_in_bytes",
                                  "memory.limit_in_bytes",
                                  "memory.max",
                                  "memory.memsw.usage_in_bytes",
                                  "memory.oom_control",
                                  "memory.pressure",
                                  "memory.stat",
                                  "memory.swap.max",
                                  "pids.current",
                                  "pids.max"};

/// A directory with links of one file by all these names.
struct Place {
    std::string path = "/dev/shm/cleat-fuzz-XXXXXX";
    int file = -1;

    Place() {
        fuzz::claim(::mkdtemp(path.data()) != nullptr, "there is a place for files");
        const std::string first = concat(path, "/", kFiles[0]);
        file = ::open(first.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        for (const char* name : kFiles)
            fuzz::claim(
                name == kFiles[0] || ::link(first.c_str(), concat(path, "/", name).c_str()) == 0,
                "it has all names");
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
        for (const char* name : kFiles) ::unlink(concat(path, "/", name).c_str());
        ::rmdir(path.c_str());
        ::close(file);
    }
    void fill(std::string_view text) const {
        fuzz::claim(::ftruncate(file, 0) == 0 && ::pwrite(file, text.data(), text.size(), 0) ==
                                                     static_cast<ssize_t>(text.size()),
                    "the file is written");
    }
};

void read_all(const Place& place, bool unified) {
    const cgroup::Directories directories = {
        {.controllers = {"memory", "cpu", "cpuacct", "cpuset", "pids", "blkio", "io", "hugetlb"},
         .mountpoint = place.path,
         .path = "/",
         .unified = unified}};
    const auto stats = cgroup::read_stats(directories);
    fuzz::claim(stats.cpuset.cpus.size() <= 20000UL * 65536, "a list of CPUs has an end");
    static_cast<void>(cgroup::memory_verdict(directories));
    for (const char* file : {"io.max", "memory.max", "cpuset.cpus", "memory.oom_control"})
        for (const char* value : {"8:0 rbps=1", "max", ""}) {
            const plan::WriteCgroup step{.cgroup = 0, .file = file, .value = value};
            if (const auto now = cgroup::current(step, directories))
                fuzz::claim(now->value.find('\n') == std::string::npos, "a value is one line");
        }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Place place;
    // A list of every number for each few bytes is slow, not wrong.
    constexpr std::size_t kLongest = 4000;
    const auto text = fuzz::text_of(data, std::min(size, kLongest));
    place.fill(text);
    read_all(place, true);
    read_all(place, false);
    for (const auto word : cgroup::words(text))
        fuzz::claim(!word.empty() && word.find_first_of(" \n\t") == std::string_view::npos,
                    "a word has no blanks");
    static_cast<void>(cgroup::value_of(text, "oom_kill"));
    return 0;
}

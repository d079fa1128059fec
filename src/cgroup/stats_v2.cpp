// Room: cgroup. Statistics of cgroup v2 (Documentation/admin-guide/cgroup-v2.rst); host process.
#include <limits>

#include "cleat/base/text.hpp"
#include "internal.hpp"
#include "stats_files.hpp"

namespace cleat::cgroup {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

void read_cpu(const StatFiles& files, CpuStats& cpu) {
    constexpr std::uint64_t kMicrosecond = 1000;
    const auto table = files.table("cpu.stat");
    cpu.total = entry(table, "usage_usec") * kMicrosecond;
    cpu.user = entry(table, "user_usec") * kMicrosecond;
    cpu.kernel = entry(table, "system_usec") * kMicrosecond;
    cpu.periods = entry(table, "nr_periods");
    cpu.throttled_periods = entry(table, "nr_throttled");
    cpu.throttled_time = entry(table, "throttled_usec") * kMicrosecond;
    cpu.pressure = files.pressure("cpu.pressure");
}

/// v1 counts swap with the memory, and so do those who read these numbers.
void read_memory(const StatFiles& files, MemoryStats& memory) {
    memory.pressure = files.pressure("memory.pressure");
    memory.raw = files.table("memory.stat");
    memory.events = files.table("memory.events");
    if (memory.raw.empty()) return;
    memory.cache = entry(memory.raw, "file");
    memory.usage = {.limit = files.number("memory.max", kNoLimit),
                    .usage = files.number("memory.current"),
                    .max = files.number("memory.peak"),
                    .failcnt = 0};
    memory.swap = {.limit = files.number("memory.swap.max", kNoLimit),
                   .usage = files.number("memory.swap.current") + memory.usage.usage,
                   .max = files.number("memory.swap.peak"),
                   .failcnt = 0};
    const bool bounded = memory.swap.limit != kNoLimit && memory.usage.limit != kNoLimit;
    memory.swap.limit = bounded ? memory.swap.limit + memory.usage.limit : kNoLimit;
}

/// Lines of "8:0 rbytes=1 wbytes=2 rios=3 wios=4 …".
void read_io(const StatFiles& files, IoStats& io) {
    io.pressure = files.pressure("io.pressure");
    const auto text = files.text("io.stat");
    for (const auto line : split(text, '\n')) {
        const auto fields = words(line);
        if (fields.empty()) continue;
        const auto device = parse_device(fields[0]);
        if (!device) continue;
        for (const auto field : fields) {
            const auto equals = field.find('=');
            const auto key = field.substr(0, equals);
            if (key != "rbytes" && key != "wbytes" && key != "rios" && key != "wios") continue;
            IoEntry counted = *device;
            counted.operation = key.starts_with('r') ? "Read" : "Write";
            counted.value = parse_number<std::uint64_t>(field.substr(equals + 1)).value_or(0);
            (key.ends_with("bytes") ? io.service_bytes : io.serviced).push_back(counted);
        }
    }
}

void read_hugetlb(const StatFiles& files, std::map<std::string, HugetlbStats>& sizes) {
    for (const auto& size : files.hugetlb_sizes(".current")) {
        const std::string name = "hugetlb." + size;
        sizes[size] = {.usage = files.number(name + ".current"),
                       .max = 0,
                       .failcnt = entry(files.table(name + ".events"), "max")};
    }
}

}  // namespace

void read_v2(const plan::CgroupDirectory& unified, Stats& stats) {
    const StatFiles files(unified);
    read_cpu(files, stats.cpu);
    read_memory(files, stats.memory);
    read_io(files, stats.io);
    read_hugetlb(files, stats.hugetlb);
    stats.pids = {.current = files.number("pids.current"), .limit = files.number("pids.max")};
}

}  // namespace cleat::cgroup

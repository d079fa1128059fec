// Room: cgroup. Real cgroups for the tests.
#include "machine.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"

namespace cleat::cgroup::test {
namespace {

Directories hierarchies(const std::string& path) {
    Directories found;
    for (const char* name : {"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "pids"}) {
        const std::string mountpoint = concat("/sys/fs/cgroup/", name);
        if (sys::exists_at(sys::kHere, (mountpoint + "/tasks").c_str()))
            found.push_back({.controllers = {name}, .mountpoint = mountpoint, .path = path});
    }
    for (const char* mountpoint : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"})
        if (sys::exists_at(sys::kHere, concat(mountpoint, "/cgroup.controllers").c_str()))
            found.push_back(
                {.controllers = {}, .mountpoint = mountpoint, .path = path, .unified = true});
    return found;
}

void join(const Directories& directories) {
    for (const auto& directory : directories) {
        const std::string file =
            full_path(directory) + (directory.unified ? "/cgroup.procs" : "/tasks");
        if (!sys::write_text_at(sys::kHere, file.c_str(), "0")) ::_exit(99);
    }
}

}  // namespace

bool can_make_cgroups() {
    if (::geteuid() == 0 && ::access("/sys/fs/cgroup", W_OK) == 0 && !hierarchies("/").empty())
        return true;
    MESSAGE("skipped: needs root and writable cgroups");
    return false;
}

Cgroups::Cgroups() {
    static int count = 0;
    all_ = hierarchies(concat("/cleat-unit-", ::getpid(), "-", ++count));
}

Cgroups::~Cgroups() {
    const auto removed = cgroup::remove(all_, kLimit);
    CHECK_MESSAGE(removed.has_value(), (removed ? std::string() : describe(removed.error())));
    CHECK(none_exists(all_));
}

Directories Cgroups::at(const std::string& below) const {
    Directories directories = all_;
    for (auto& directory : directories) directory.path += below;
    return directories;
}

Directories Cgroups::v1(std::string_view controller) const {
    Directories found;
    for (const auto& directory : all_)
        if (!directory.unified && directory.controllers.front() == controller)
            found.push_back(directory);
    return found;
}

Directories Cgroups::unified() const {
    Directories found;
    for (const auto& directory : all_)
        if (directory.unified) found.push_back(directory);
    return found;
}

void Cgroups::make_all() const {
    for (const auto& directory : all_) {
        const auto made = make(directory);
        REQUIRE_MESSAGE(made.has_value(), (made ? std::string() : describe(made.error())));
    }
}

Child::Child(const Directories& directories, const std::function<int()>& body) {
    int ready[2];
    REQUIRE(::pipe2(ready, O_CLOEXEC) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
        for (const int signal : {SIGTERM, SIGINT}) ::signal(signal, SIG_DFL);  // doctest has them
        join(directories);
        ::close(ready[0]);
        ::close(ready[1]);
        ::_exit(body());
    }
    ::close(ready[1]);
    char none = 0;
    CHECK(::read(ready[0], &none, 1) == 0);  // end of file: it has joined
    ::close(ready[0]);
}

Child::~Child() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

int Child::wait() {
    constexpr int kSignalBase = 128;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status);
}

int sleep_on() {
    for (;;) ::pause();
}

std::string read(const Directories& directories, std::string_view file) {
    const std::string path = concat(full_path(directories.at(0)), "/", file);
    auto text = sys::read_text_at(sys::kHere, path.c_str());
    REQUIRE_MESSAGE(text.has_value(), path);
    while (text->ends_with('\n')) text->pop_back();
    return *text;
}

bool exists(const plan::CgroupDirectory& directory) {
    return sys::exists_at(sys::kHere, full_path(directory).c_str());
}

bool none_exists(const Directories& directories) {
    return std::ranges::none_of(directories, exists);
}

}  // namespace cleat::cgroup::test

// Room: cgroup. Being told of an OOM, of pressure and of the last process's end; host process.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/cgroup/stats.hpp"
#include "cleat/sys/files.hpp"
#include "internal.hpp"

namespace cleat::cgroup {
namespace {

/// A file of the kernel that was read before; "" once its cgroup is removed.
std::string read_again(const sys::Fd& file) {
    ::lseek(file.get(), 0, SEEK_SET);
    return sys::read_all(file.get()).value_or("");
}

std::uint64_t kills_in(std::string_view events) {
    return parse_number<std::uint64_t>(value_of(events, "oom_kill")).value_or(0);
}

/// An eventfd that memory.oom_control counts up ("10. OOM Control", cgroup-v1/memory.rst).
Result<sys::Fd> register_v1(const std::string& path) {
    const sys::Fd control =
        TRY(sys::open_at(sys::kHere, (path + "/memory.oom_control").c_str(), O_RDONLY));
    sys::Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event) return fail_errno("make eventfd", errno);
    TRY(write_file(path, "cgroup.event_control", concat(event.get(), " ", control.get())));
    return event;
}

}  // namespace

OomWatch::OomWatch(sys::Fd fd, std::string path, bool unified)
    : fd_(std::move(fd)), path_(std::move(path)), unified_(unified) {
    if (unified_) seen_ = kills_in(sys::read_all(fd_.get()).value_or(""));
}

Result<OomWatch> OomWatch::open(const Directories& directories) {
    if (const auto* v1 = find_v1(directories, "memory")) {
        const std::string path = full_path(*v1);
        return OomWatch(TRY(register_v1(path)), path, false);
    }
    const auto* unified = find_unified(directories);
    if (unified == nullptr) return fail(ErrorKind::Unsupported, "no memory controller");
    const std::string path = full_path(*unified);
    auto events = sys::open_at(sys::kHere, (path + "/memory.events").c_str(), O_RDONLY);
    if (!events) return fail(ErrorKind::Unsupported, "no memory controller");
    return OomWatch(*std::move(events), path, true);
}

short OomWatch::events() const noexcept { return unified_ ? POLLPRI : POLLIN; }

/// A v1 cgroup that is removed counts its eventfds up, too.
bool OomWatch::happened() {
    if (!unified_) {
        std::uint64_t count = 0;
        if (::read(fd_.get(), &count, sizeof count) != sizeof count) return false;
        return sys::exists_at(sys::kHere, (path_ + "/memory.oom_control").c_str());
    }
    const auto kills = kills_in(read_again(fd_));
    return kills > std::exchange(seen_, kills);
}

Result<sys::Fd> open_trigger(const Directories& directories, const PressureTrigger& trigger) {
    const auto microseconds = [](std::chrono::milliseconds time) {
        return std::chrono::microseconds(time).count();
    };
    const auto* unified = find_unified(directories);
    if (unified == nullptr)
        return fail(ErrorKind::Unsupported, "pressure is counted by cgroup v2, which is not here");
    const std::string path = concat(full_path(*unified), "/", trigger.resource, ".pressure");
    const std::string wish =
        concat(trigger.kind, " ", microseconds(trigger.stall), " ", microseconds(trigger.window));
    const auto attempt = [&]() -> Result<sys::Fd> {
        sys::Fd fd = TRY(sys::open_at(sys::kHere, path.c_str(), O_RDWR | O_NONBLOCK));
        TRY(sys::write_all(fd.get(), wish));
        return fd;
    };
    auto opened = attempt();
    if (opened) return opened;
    return fail_errno(concat("ask ", path, " for ", quoted(wish)), opened.error().errno_value);
}

Result<sys::Fd> open_population(const Directories& directories) {
    const auto* unified = find_unified(directories);
    if (unified == nullptr) return fail(ErrorKind::Unsupported, "no cgroup v2");
    return sys::open_at(sys::kHere, (full_path(*unified) + "/cgroup.events").c_str(), O_RDONLY);
}

bool is_populated(const sys::Fd& population) {
    return value_of(read_again(population), "populated") == "1";
}

}  // namespace cleat::cgroup

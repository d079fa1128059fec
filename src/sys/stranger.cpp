// Room: sys. How a process that is nobody's child here has ended. Its parent is told by wait(2); to
// others /proc shows it while the process is a zombie, and a pidfd after that (Linux 6.15).
#include <linux/types.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <optional>

#include "cleat/sys/files.hpp"
#include "cleat/sys/process.hpp"
#include "internal.hpp"

namespace cleat::sys {
namespace {

/// struct pidfd_info of <linux/pidfd.h>, which Debian 12 does not have yet: its first version.
struct PidfdInfo {
    __u64 mask;
    __u64 cgroup;
    __u32 ids[11];
    __s32 exit_code;
};
static_assert(sizeof(PidfdInfo) == 64);

constexpr int kForEver = -1;

int code_of(int status) {
    constexpr int kSignalBase = 128;
    return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status);
}

/// The pidfd of that very process, be it a zombie.
Result<Fd> open_even_zombie(const ProcessIdentity& identity) {
    if (identity.pid <= 0) return fail_errno("no such process", ESRCH);
    Fd pidfd = TRY(open_pidfd(identity.pid));
    const auto now = TRY(process_stat(identity.pid));
    if (now.start_time != identity.start_time) return fail_errno("no such process", ESRCH);
    return pidfd;
}

Result<void> wait_for(int pidfd, short events, int milliseconds) {
    ::pollfd watch{.fd = pidfd, .events = events, .revents = 0};
    if (retry([&] { return ::poll(&watch, 1, milliseconds); }) < 0)
        return failed("poll", "process");
    return {};
}

/// /proc/PID/stat hides the status, as 0, from who may not look into the process; a link that is
/// hidden by the same rule says who may (proc(5), ptrace(2)).
bool may_look_into(pid_t pid) {
    return read_link_at(kHere, concat("/proc/", pid, "/ns/user").c_str()).has_value();
}

Result<int> status_by_pidfd(int pidfd) {
    constexpr unsigned long kGetInfo = _IOWR(0xFF, 11, PidfdInfo);  // PIDFD_GET_INFO
    constexpr __u64 kExit = 1U << 3U;                               // PIDFD_INFO_EXIT
    PidfdInfo info{};
    info.mask = kExit;
    if (::ioctl(pidfd, kGetInfo, &info) < 0 || (info.mask & kExit) == 0)
        return fail(ErrorKind::Unsupported,
                    "its exit status is known to its parent alone (before Linux 6.15)");
    return code_of(info.exit_code);
}

}  // namespace

Result<int> wait_stranger(const ProcessIdentity& identity) {
    constexpr int kPause = 100;
    const Fd pidfd = TRY(open_even_zombie(identity));
    TRY(wait_for(pidfd.get(), POLLIN, kForEver));
    for (;;) {
        const bool open = may_look_into(identity.pid);
        const auto now = process_stat(identity.pid);  // after that, lest the zombie go in between
        if (!now && now.error().errno_value != ESRCH) return std::unexpected(now.error());
        if (!now || now->start_time != identity.start_time) return status_by_pidfd(pidfd.get());
        if (open) return code_of(now->exit_status);
        TRY(wait_for(pidfd.get(), 0, kPause));  // POLLHUP, which comes unasked, once it is reaped
    }
}

}  // namespace cleat::sys

// Room: sys. Processes.
#include "cleat/sys/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleat/sys/files.hpp"
#include "internal.hpp"

namespace cleat::sys {

namespace {

std::unexpected<Error> no_such_process() { return fail_errno("no such process", ESRCH); }

/// A pid that is a thread's by now gives EINVAL or, since Linux 6.11, ENOENT (pidfd_open(2)).
bool is_gone(const Error& error) {
    return error.errno_value == ESRCH || error.errno_value == ENOENT || error.errno_value == EINVAL;
}

bool is_same(const ProcessStat& now, const ProcessIdentity& identity) {
    return now.start_time == identity.start_time && now.state != 'Z' && now.state != 'X';
}

}  // namespace

Result<ProcessStat> process_stat(pid_t pid) {
    constexpr std::size_t kFieldsAfterName = 20;  // "state" is field 3, "starttime" field 22
    const auto text = read_record_at(kHere, concat("/proc/", pid, "/stat").c_str());
    if (!text && is_gone(text.error())) return no_such_process();
    if (!text) return std::unexpected(text.error());
    const auto name_end = text->rfind(')');  // the name itself may hold spaces and brackets
    if (name_end == std::string::npos || name_end + 2 > text->size()) return no_such_process();
    const auto fields = split(std::string_view(*text).substr(name_end + 2), ' ');
    if (fields.size() < kFieldsAfterName || fields[0].size() != 1) return no_such_process();
    const auto parent = parse_number<pid_t>(fields[1]);
    const auto start = parse_number<std::uint64_t>(fields[kFieldsAfterName - 1]);
    if (!parent || !start) return no_such_process();
    const auto last = fields.back().substr(0, fields.back().find('\n'));  // "exit_code", the last
    return ProcessStat{.state = fields[0][0],
                       .parent = *parent,
                       .start_time = *start,
                       .exit_status = parse_number<int>(last).value_or(0)};
}

Result<Fd> open_pidfd(pid_t pid) {
    Fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!fd) return failed("open process", concat(pid));
    return fd;
}

Result<Fd> open_pidfd(const ProcessIdentity& identity) {
    if (identity.pid <= 0) return no_such_process();
    auto fd = open_pidfd(identity.pid);
    if (!fd && is_gone(fd.error())) return no_such_process();
    if (!fd) return fd;
    const auto now = TRY(process_stat(identity.pid));  // read after the pidfd pins the process
    if (!is_same(now, identity)) return no_such_process();
    return fd;
}

Result<bool> is_alive(const ProcessIdentity& identity) {
    if (identity.pid <= 0) return false;
    const auto now = process_stat(identity.pid);
    if (now) return is_same(*now, identity);
    if (now.error().errno_value == ESRCH) return false;
    return std::unexpected(now.error());
}

Result<void> send_signal(int pidfd, Signal signal) {
    if (::syscall(SYS_pidfd_send_signal, pidfd, signal.number, nullptr, 0) < 0)
        return failed("send signal", concat(signal.number));
    return {};
}

Result<bool> wait_gone(int pidfd, std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            end - std::chrono::steady_clock::now());
        ::pollfd watch{.fd = pidfd, .events = POLLIN, .revents = 0};
        const int got = ::poll(&watch, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
        if (got > 0) return true;
        if (got == 0) return false;
        if (errno != EINTR) return failed("poll", "process");
    }
}

Result<std::string> boot_id() {
    static std::string known;  // it lasts longer than any process
    if (known.empty()) known = TRY(read_record_at(kHere, "/proc/sys/kernel/random/boot_id"));
    return known.substr(0, known.find('\n'));
}

Result<int> wait_child(pid_t pid) {
    constexpr int kSignalBase = 128;
    int status = 0;
    if (retry([&] { return ::waitpid(pid, &status, 0); }) < 0)
        return failed("wait for", concat(pid));
    return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status);
}

}  // namespace cleat::sys

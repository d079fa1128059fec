// Room: sys (layer 1). Processes by pidfd, and who a pid really is.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

#include "cleat/base/error.hpp"
#include "cleat/base/ids.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::sys {

/// A process for good: its pid and when it started, in clock ticks since boot (proc(5), stat 22).
struct ProcessIdentity {
    pid_t pid = 0;
    std::uint64_t start_time = 0;
    bool operator==(const ProcessIdentity&) const = default;
};

/// The kernel's name for this boot (random(4), boot_id).
[[nodiscard]] Result<std::string> boot_id();

/// What proc(5) stat says of a process.
struct ProcessStat {
    char state = 'X';  ///< R, S, D, T, Z, X…
    pid_t parent = 0;
    std::uint64_t start_time = 0;
    int exit_status = 0;  ///< of a zombie, as wait(2) has it; 0 for who may not look into it
};

/// Errors: ESRCH if no such process is there; what keeps /proc from being read otherwise.
[[nodiscard]] Result<ProcessStat> process_stat(pid_t pid);

/// pidfd_open(2).
[[nodiscard]] Result<Fd> open_pidfd(pid_t pid);
/// The pidfd of that very process, or an error with ESRCH if it is gone, a zombie, or if the pid
/// is another's by now.
[[nodiscard]] Result<Fd> open_pidfd(const ProcessIdentity& identity);
/// The same as yes or no. That nobody can tell (no descriptor is free) is neither.
[[nodiscard]] Result<bool> is_alive(const ProcessIdentity& identity);
/// pidfd_send_signal(2).
[[nodiscard]] Result<void> send_signal(int pidfd, Signal signal);
/// Waits until the process is gone (it may stay a zombie of its parent); false when time is up.
[[nodiscard]] Result<bool> wait_gone(int pidfd, std::chrono::milliseconds limit);

/// How a process that need not be a child ended, as wait_child() tells it. Waits until it has, and
/// for as long as only a parent that does not wait for it may know. Errors: ESRCH if it is gone
/// already; Unsupported if it was taken by its parent and the kernel remembers nothing
/// (before 6.15).
[[nodiscard]] Result<int> wait_stranger(const ProcessIdentity& identity);

/// How a child ended: an exit code, or 128 + the signal's number.
[[nodiscard]] Result<int> wait_child(pid_t pid);

}  // namespace cleat::sys

// Room: cgroup (layer 2). Control groups in the file system: v1, v2 and both beside each other.
// Works on plan::CgroupDirectory (one per hierarchy); knows nothing of containers.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/base/ids.hpp"
#include "cleat/plan/plan.hpp"
#include "cleat/plan/steps.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::cgroup {

using Directories = std::vector<plan::CgroupDirectory>;

/// "mountpoint" + "path" of a directory, without double slashes.
[[nodiscard]] std::string full_path(const plan::CgroupDirectory& directory);

/// The systemd driver. The scope begins with the process `stand_in` in it. Every call and wait has
/// a limit; errors say which bus or which job failed, and then no scope is left.
[[nodiscard]] Result<void> start_scope(const plan::StartScope& step, pid_t stand_in);
[[nodiscard]] Result<void> change_scope(const plan::ChangeScope& step);
/// The step that would give the scope's properties the values that they have now.
[[nodiscard]] Result<plan::ChangeScope> current(const plan::ChangeScope& step);
/// Lets systemd move a process into the scope: it may where the caller may not.
[[nodiscard]] Result<void> attach_to_scope(const plan::Scope& scope, pid_t pid);
/// Stops the scope and makes systemd forget it; one that is not there is fine.
[[nodiscard]] Result<void> stop_scope(const plan::Scope& scope);

/// Makes the directory and its parents, which are marked as cleat's. Says whether this call made
/// the last component (so that only its maker removes it). A cgroup that has processes already is
/// refused (EBUSY).
enum class Made { New, Existed };
enum class Sharing { No, Yes };
/// Later, if a process is still above it: controllers that are given on past a process make the
/// cgroup a threaded one, which takes none (cgroup-v2.rst, "Threads").
enum class Controllers { Now, Later };
[[nodiscard]] Result<Made> make(const plan::CgroupDirectory& directory,
                                Sharing sharing = Sharing::No,
                                Controllers controllers = Controllers::Now);

[[nodiscard]] Result<void> apply(const plan::WriteCgroup& step, const Directories& directories);
/// The step that would write what the step's file holds now, to take the step back; nothing if the
/// file cannot be read or holds what cannot be written.
[[nodiscard]] std::optional<plan::WriteCgroup> current(const plan::WriteCgroup& step,
                                                       const Directories& directories);
[[nodiscard]] Result<void> apply(const plan::SetCgroupDevices& step,
                                 const Directories& directories);

/// Files of the kernel's list that this cgroup does not have are left out.
[[nodiscard]] Result<void> apply(const plan::DelegateCgroup& step, const Directories& directories);

/// Makes the cgroup, its parents up to the container's, and opens its cgroup.procs. Each belongs to
/// whom the container's belongs to.
[[nodiscard]] Result<sys::Fd> make_subgroup(const plan::MakeSubgroup& step,
                                            const Directories& directories);

/// Descriptors for joining without writing another process's pid: the v1 `tasks` files, opened for
/// writing; the joining process writes "0" to each. Unified directories are left out.
[[nodiscard]] Result<std::vector<sys::Fd>> open_v1_tasks(const Directories& directories);
/// O_PATH of the unified directory, for CLONE_INTO_CGROUP.
[[nodiscard]] Result<sys::Fd> open_unified(const plan::CgroupDirectory& directory);
/// The same for the cgroup below `directory` that a process is in: who gives controllers to those
/// below has only such processes. An error if it is not below.
[[nodiscard]] Result<sys::Fd> open_unified_of(const plan::CgroupDirectory& directory, pid_t member);

/// The path of the process's cgroup below the hierarchy's mountpoint; "/" is the mountpoint. A
/// cgroup that the mount does not show is an error (State).
[[nodiscard]] Result<std::string> path_of(const plan::CgroupHierarchy& hierarchy, pid_t process);

/// Every process in the cgroups and all below, host pids, sorted. An absent cgroup has none.
[[nodiscard]] Result<std::vector<pid_t>> processes(const Directories& directories);

/// Freezes or thaws (v1 freezer.state, v2 cgroup.freeze) and waits until it is so.
enum class Frozen { No, Yes };
[[nodiscard]] Result<void> set_frozen(const Directories& directories, Frozen frozen,
                                      std::chrono::milliseconds limit);
[[nodiscard]] Result<Frozen> frozen(const Directories& directories);

/// Sends a signal to every process in the cgroups. SIGKILL uses cgroup.kill where there is one,
/// thaws frozen ones, and repeats until no new process appears; other signals are sent once.
[[nodiscard]] Result<void> signal_all(const Directories& directories, Signal signal);

/// Kills what is left, then removes the directories, deepest first; retries EBUSY for `limit`.
/// Directories that are not there are fine. Parents go, too, if make() made them and they are
/// empty.
[[nodiscard]] Result<void> remove(const Directories& directories, std::chrono::milliseconds limit);

/// Whether an OOM kill happened in the cgroup, whether it was at its limit (or next to it), and
/// that limit in bytes, for error texts.
struct MemoryVerdict {
    bool oom_killed = false;
    bool ran_out = false;
    std::optional<std::uint64_t> limit;
};
[[nodiscard]] MemoryVerdict memory_verdict(const Directories& directories);

}  // namespace cleat::cgroup

// Room: plan (layer 1, pure). The steps of init that give the process its limits, its place, its
// identity and rights, and that execute it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cleat/base/ids.hpp"
#include "cleat/spec/config.hpp"

namespace cleat::plan {

/// keyctl(2) KEYCTL_JOIN_SESSION_KEYRING; a quota error is no failure.
struct JoinSessionKeyring {
    std::string name;
};

struct SetRlimit {
    int resource = 0;  ///< RLIMIT_*
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
};

struct SetScheduler {
    spec::Scheduler scheduler;
};

struct SetIoPriority {
    spec::IoPriority io_priority;
};

struct SetCpuAffinity {
    std::string cpus;  ///< "": all that the cpuset allows, whatever the caller was held to
};

struct SetMemoryPolicy {
    spec::MemoryPolicy policy;
};

struct SetPersonality {
    std::uint64_t persona = 0;
};

struct SetUmask {
    std::uint32_t umask = 022;
};

/// Changes into `cwd`, inside the root; made (0755) if `create`. Checked to be inside.
struct ChangeDirectory {
    std::string cwd;
    bool make = true;  ///< a directory that is missing is made
};

/// HOME from the container's /etc/passwd when `env` has none.
struct SetHome {
    Uid uid;
};

/// Looks args[0] up in PATH and remembers it; says which of file, interpreter, loader,
/// architecture or noexec mount is at fault when it cannot run.
struct FindExecutable {
    std::string name;
};

/// Waits on the container's start socket until `start` comes; a `run` goes on by itself.
struct AwaitStart {};

struct SetAppArmor {
    std::string profile;
};

struct SetSelinuxLabel {
    std::string label;
};

/// Groups and gid, then uid, capabilities kept over it (PR_SET_KEEPCAPS). Stdio that are pipes or
/// terminals are given to the user.
struct SetUser {
    Uid uid;
    Gid gid;
    std::vector<Gid> additional_gids;
    bool keep_groups = false;  ///< setgroups(2) is denied or not wanted
    bool keep_rights = false;  ///< a step in between needs what becomes ineffective with uid 0
};

/// Sets of capabilities, bit by number (capabilities(7)).
struct SetBoundingSet {
    std::uint64_t bounding = 0;
};

struct SetCapabilities {
    std::uint64_t effective = 0;
    std::uint64_t permitted = 0;
    std::uint64_t inheritable = 0;
    std::uint64_t ambient = 0;
    /// Stays permitted and effective until execve(2), which drops it: to load a filter takes
    /// CAP_SYS_ADMIN, and the filter may not allow capset(2).
    std::uint64_t until_exec = 0;
};

struct SetNoNewPrivileges {};

/// seccomp(2) with the program that was compiled from the Spec before the clone. With a listener,
/// its descriptor goes to the host first.
enum class UnknownCalls { Skip, Refuse };
struct LoadSeccomp {
    spec::Seccomp seccomp;
    std::vector<std::uint8_t> program = {};  ///< struct sock_filter's; not empty: instead of rules
    UnknownCalls unknown_calls = UnknownCalls::Skip;
};

/// Everything from descriptor 3 + `preserve` on is closed at exec (CVE-2024-21626).
struct CloseFds {
    std::uint32_t preserve = 0;
};

/// execve(2) of what FindExecutable found.
struct Exec {
    std::vector<std::string> args;
    std::vector<std::string> env;
};

}  // namespace cleat::plan

// Room: plan (layer 1, pure). The steps of the joiner and of init that make it a process of its own
// in the container's cgroups and namespaces.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cleat/plan/slot.hpp"
#include "cleat/spec/config.hpp"

namespace cleat::plan {

/// Not dumpable (prctl(2)), and killed if the creator dies before the state is written.
struct ProtectInit {};

/// Joins the container's cgroups: v1 by writing 0 to each `tasks`; on v2 clone did it already.
struct JoinCgroups {};

/// Moves on into the cgroup whose cgroup.procs is in `slot`.
struct EnterSubgroup {
    Slot slot;
};

/// setns(2) with one namespace.
struct JoinNamespace {
    spec::NamespaceType type = spec::NamespaceType::Pid;
    Slot slot;
};

/// setns(2) with the pidfd of the container's init and these CLONE_NEW* flags, all at once; then
/// chroot(2) to `root`, which a mount namespace would bring along.
struct JoinContainer {
    std::uint64_t flags = 0;
    Slot slot;
    std::optional<Slot> root = {};
};

/// unshare(2); for namespaces that clone cannot make at the right moment (cgroup, or the rest
/// after a user namespace was joined).
struct UnshareNamespaces {
    std::uint64_t flags = 0;
};

/// A new time namespace with these offsets, entered at once (time_namespaces(7)).
struct NewTimeNamespace {
    std::vector<std::pair<std::string, spec::TimeOffset>> offsets;
};

/// uid and gid 0 in the user namespace just made or joined.
struct BecomeRoot {
    bool keep_groups = false;  ///< else there are no supplementary ones
};

struct NewSession {};

struct BringUpLoopback {};

struct SetHostname {
    std::string name;
};

struct SetDomainname {
    std::string name;
};

/// Writes /proc/sys/… ; `key` is in its dotted form.
struct SetSysctl {
    std::string key;
    std::string value;
};

}  // namespace cleat::plan

// Room: plan (layer 1, pure). What compile() needs to know of the machine, as a value: the host
// room fills it once, tests make it up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cleat/base/ids.hpp"

namespace cleat::plan {

enum class Ability { Missing, Present };

/// One cgroup hierarchy that is mounted (cgroups(7)).
struct CgroupHierarchy {
    /// v1: the controllers ("cpu", "cpuacct") or one "name=systemd"; v2: those in
    /// cgroup.controllers of the root.
    std::vector<std::string> controllers;
    std::string mountpoint;  ///< "/sys/fs/cgroup/memory"
    std::string
        mount_root;  ///< what of the hierarchy is mounted there, "/" mostly (proc_pid_mountinfo(5))
    std::string own_path;  ///< the cgroup of cleat itself in it, "/…" (proc_pid_cgroup(5))
    bool unified = false;  ///< cgroup v2
    /// v2, rootless: whether cleat may make a cgroup in usual_parent() (cgroups(7), "Delegation").
    Ability delegated = Ability::Present;
    bool operator==(const CgroupHierarchy&) const = default;
};

/// Below the mountpoint, what holds the cgroup of a container that asks for no place: "/…".
[[nodiscard]] std::string usual_parent(const CgroupHierarchy& hierarchy);

/// Legacy: v1 alone; Hybrid: v1 with a v2 mount beside it; Unified: v2 alone at /sys/fs/cgroup.
enum class CgroupMode { None, Legacy, Hybrid, Unified };

struct HostFacts {
    CgroupMode cgroup_mode = CgroupMode::None;
    std::vector<CgroupHierarchy> cgroups;
    Uid euid;
    Gid egid;
    Ability user_namespace_of_own = Ability::Missing;  ///< cleat itself is not in the first one
    std::uint64_t capabilities = 0;  ///< the permitted set of cleat itself, bit by number
    int last_capability = 0;         ///< /proc/sys/kernel/cap_last_cap
    Ability apparmor = Ability::Missing;
    Ability selinux = Ability::Missing;
    std::string resctrl;  ///< where the resctrl file system is mounted, "" if nowhere
    Ability new_time_namespace = Ability::Missing;
    std::uint32_t kernel_major = 0;
    std::uint32_t kernel_minor = 0;
};

/// Without the rights of the first user namespace: what the host owns (v1 cgroups, device nodes,
/// BPF) is out of reach.
[[nodiscard]] inline bool is_rootless(const HostFacts& facts) noexcept {
    return facts.euid != Uid{0} || facts.user_namespace_of_own == Ability::Present;
}

}  // namespace cleat::plan

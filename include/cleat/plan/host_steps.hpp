// Room: plan (layer 1, pure). The steps of cleat's own process: cgroups, what must be opened with
// the host's rights, the clone and what concerns the child; and those that either side does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cleat/base/ids.hpp"
#include "cleat/plan/slot.hpp"
#include "cleat/spec/config.hpp"

namespace cleat::plan {

/// A systemd unit that is a container's, and whose instance of systemd it belongs to.
enum class ServiceManager { System, User };
struct Scope {
    std::string unit;   ///< "libpod-4711.scope"; "" if systemd has no part in it
    std::string slice;  ///< "machine.slice"
    ServiceManager manager = ServiceManager::System;
};

/// A property of a systemd unit by its name on D-Bus (org.freedesktop.systemd1(5)); the
/// alternatives are its types: b, i, u, t, s, as, ay, a(ss), a(st).
struct UnitProperty {
    std::string name;
    std::variant<bool, std::int32_t, std::uint32_t, std::uint64_t, std::string,
                 std::vector<std::string>, std::vector<std::uint8_t>,
                 std::vector<std::pair<std::string, std::string>>,
                 std::vector<std::pair<std::string, std::uint64_t>>>
        value;
};

/// Asks systemd for a transient scope, which makes the cgroup. A scope begins with a process in it
/// and ends without one: a stand-in of the host is there until the container's own is.
struct StartScope {
    Scope scope;
    std::vector<UnitProperty> properties;
};

/// Gives a scope that is there other values of some properties.
struct ChangeScope {
    Scope scope;
    std::vector<UnitProperty> properties;
};

/// Makes the container's cgroup in one hierarchy (index into Plan::cgroups), parents too. On v1
/// cpuset, empty cpus and mems are filled from the parent; on v2 controllers are enabled down to
/// it. A cgroup that exists already is used only if no process is in it (or `shared`).
struct MakeCgroup {
    std::uint16_t cgroup = 0;
    bool shared = false;
    bool below_scope = false;  ///< the scope's stand-in moves down, as only then v2 can divide
};

/// What a write to a cgroup file may do when the file is not there or the kernel refuses.
enum class OnFailure { Refuse, Ignore };

/// Writes `value` to `file` in Plan::cgroups[cgroup]. With a `usage_file` ("memory.current") the
/// write is refused if the number in that file is above `value` (memory.checkBeforeUpdate). With
/// `keeps_first` the file's first word stays in front of `value` (a period without a quota).
struct WriteCgroup {
    std::uint16_t cgroup = 0;
    std::string file;
    std::string value;
    OnFailure on_failure = OnFailure::Refuse;
    std::string usage_file = {};
    bool keeps_first = false;
};

/// The device access rules, in order, later ones win; starts from nothing allowed. v1: the
/// devices.deny and devices.allow files; v2: a BPF_PROG_TYPE_CGROUP_DEVICE program.
struct SetCgroupDevices {
    std::uint16_t cgroup = 0;
    std::vector<spec::DeviceRule> rules;
    OnFailure on_failure = OnFailure::Refuse;
};

/// Makes `owner`, who will run the container's process, the owner of its v2 cgroup: of the
/// directory and of those of its files that the kernel lists for it
/// (config-linux.md#cgroup-ownership).
struct DelegateCgroup {
    std::uint16_t cgroup = 0;
    Uid owner;
};

/// Makes a cgroup below that of Plan::cgroups[cgroup], with the same owner and no limits of its
/// own, and opens its cgroup.procs into `slot`.
struct MakeSubgroup {
    std::uint16_t cgroup = 0;
    std::string name;
    Slot slot;
};

/// Whose a group of a resctrl file system is (config-linux.md#intelrdt).
enum class RdtOwner {
    Container,  ///< made for it; one that exists already is used only if no process is in it
    Shared,     ///< made if it is missing, and left behind
    Other,      ///< must be there
};

/// A group in a resctrl file system by its host path. A shared one that is there already must have
/// the values of `expected`, lines such as "L3:0=f".
struct MakeRdtGroup {
    std::string group;
    RdtOwner owner = RdtOwner::Container;
    std::vector<std::string> expected = {};
};

/// Writes a line to the group's schemata file.
struct WriteRdtSchema {
    std::string group;
    std::string schema;
};

/// Writes the child's process id to the tasks file of each group, the monitoring one last.
struct JoinRdtGroups {
    std::vector<std::string> groups;
};

/// Opens a namespace by its path and checks its type (NS_GET_NSTYPE, ioctl_ns(2)).
struct OpenNamespace {
    spec::NamespaceType type = spec::NamespaceType::Pid;
    std::string path;
    Slot slot;
};

/// A user namespace with these maps and no process in it, for idmapped mounts
/// (mount_setattr(2), ID-mapped mounts).
struct MakeIdMapping {
    std::vector<spec::IdMapping> uid_mappings;
    std::vector<spec::IdMapping> gid_mappings;
    Slot slot;
};

/// Opens a bind mount's source in the host's mount namespace, because the process in its new user
/// namespace might not be allowed to reach it: open_tree(2) with OPEN_TREE_CLONE. With an
/// `id_mapping` the copy is idmapped, too, which only the host has the right to do. A copy
/// without a propagation type of its own stays in the peer group of the host's mount
/// (mount_namespaces(7)): mounts below it appear on the host.
struct OpenSource {
    std::string path;
    bool recursive = false;
    Slot slot;
    std::uint64_t propagation = 0;  ///< MS_SLAVE, MS_PRIVATE, or 0
    std::optional<Slot> id_mapping = {};
    bool recursive_id_mapping = false;
    bool follow = true;  ///< a symlink at the end of `path`; else the symlink itself is opened
};

/// Opens (pidfd) the process whose namespaces a later step joins, and for a container without a
/// mount namespace of its own the root directory of that process.
struct OpenContainer {
    Slot slot;
    std::optional<Slot> root = {};
};

/// clone3(2) with all new namespaces at once (CLONE_NEW*). `enter_pid_namespace` is joined by the
/// host for its children just before, and left after. `into_cgroup` is the v2 cgroup.
struct Clone {
    std::uint64_t flags = 0;
    std::optional<Slot> enter_pid_namespace = {};
    std::optional<std::uint16_t> into_cgroup = {};
};

/// Opens a namespace that the clone has made for init.
struct OpenNewNamespace {
    spec::NamespaceType type = spec::NamespaceType::Network;
    Slot slot;
};

/// Moves a network device of the host into a network namespace and sets it up there. An empty
/// `new_name` keeps the name; "%d" in it is the first number that is free.
struct MoveNetDevice {
    std::string name;
    std::string new_name;
    Slot network_namespace;
};

/// Writes the uid and gid maps of the init's new user namespace (user_namespaces(7)).
struct WriteIdMaps {
    std::vector<spec::IdMapping> uid_mappings;
    std::vector<spec::IdMapping> gid_mappings;
    /// Unprivileged: setgroups is denied first, or newuidmap and newgidmap are asked.
    bool privileged = true;
};

/// /proc/PID/oom_score_adj, by the host, which may be allowed to lower it.
struct SetOomScoreAdj {
    std::int32_t value = 0;
};

enum class HookKind {
    Prestart,
    CreateRuntime,
    CreateContainer,
    StartContainer,
    Poststart,
    Poststop
};

/// Opens a file of the host, made if missing, to append to.
struct OpenHookOutput {
    std::string path;
    Slot slot;
};

/// Runs hooks one after the other with the container's state on stdin (config.md#posix-platform-
/// hooks), in the process and namespaces of the list that the step is in.
struct RunHooks {
    HookKind kind = HookKind::Prestart;
    std::vector<spec::Hook> hooks;
    std::optional<Slot> output = {};  ///< where what they write goes
    std::optional<Slot> errors = {};
};

struct Report {
    Gate gate = Gate::Ready;
};

struct Await {
    Gate gate = Gate::Ready;
};

}  // namespace cleat::plan

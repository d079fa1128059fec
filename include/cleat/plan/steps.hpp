// Room: plan (layer 1, pure). The step vocabulary: what a container is made of. A step is plain
// data: no closures, no conditions, no pointers into the Spec. A fallback is a named policy inside
// one step. Every kind here is printed (print.hpp), checked for order (order.hpp) and applied by
// exactly one function (kernel, launch or cgroup).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cleat/base/ids.hpp"
#include "cleat/spec/config.hpp"

namespace cleat::plan {

/// A descriptor that one process opens and a later step uses; an index into Plan::slots.
struct Slot {
    std::uint16_t index = 0;
    bool operator==(const Slot&) const = default;
};

/// A moment at which one process tells the other how far it is. Every Report has its Await.
enum class Gate {
    IdMapsWritten,     ///< host to init: the maps of the new user namespace are there
    MountsMade,        ///< init to host: namespaces and mounts are there, the root not yet changed
    RuntimeHooksDone,  ///< host to init
    Ready,             ///< init to host: nothing is left but to start the process
    Committed,         ///< host to init: the state is written, live on without the host
};

/// A systemd unit that is a container's, and whose instance of systemd it belongs to.
enum class ServiceManager { System, User };
struct Scope {
    std::string unit;   ///< "libpod-4711.scope"; "" if systemd has no part in it
    std::string slice;  ///< "machine.slice"
    ServiceManager manager = ServiceManager::System;
};

// ---- steps of the host process ---------------------------------------------------------------

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
/// `id_mapping` the copy is idmapped, too, which only the host has the right to do.
struct OpenSource {
    std::string path;
    bool recursive = false;
    Slot slot;
    std::optional<Slot> id_mapping = {};
    bool recursive_id_mapping = false;
};

/// Opens (pidfd) the process whose namespaces a later step joins.
struct OpenContainer {
    Slot slot;
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

/// Runs hooks one after the other with the container's state on stdin (config.md#posix-platform-
/// hooks), in the process and namespaces of the list that the step is in.
struct RunHooks {
    HookKind kind = HookKind::Prestart;
    std::vector<spec::Hook> hooks;
};

struct Report {
    Gate gate = Gate::Ready;
};

struct Await {
    Gate gate = Gate::Ready;
};

// ---- steps of the joiner and of init ---------------------------------------------------------

/// Not dumpable (prctl(2)), and killed if the creator dies before the state is written.
struct ProtectInit {};

/// Joins the container's cgroups: v1 by writing 0 to each `tasks`; on v2 clone did it already.
struct JoinCgroups {};

/// setns(2) with one namespace.
struct JoinNamespace {
    spec::NamespaceType type = spec::NamespaceType::Pid;
    Slot slot;
};

/// setns(2) with the pidfd of the container's init and these CLONE_NEW* flags, all at once.
struct JoinContainer {
    std::uint64_t flags = 0;
    Slot slot;
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

/// uid and gid 0 in the user namespace just made or joined, no supplementary groups.
struct BecomeRoot {};

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

/// Changes propagation of every mount in the new mount namespace: MS_SLAVE, MS_PRIVATE…
struct SetPropagation {
    std::uint64_t propagation = 0;
};

/// Clones the tree at the bundle's root path and attaches it over that path, private; all later
/// paths of this list are inside it. Without `clone` (no mount namespace) the directory is only
/// opened.
struct OpenRoot {
    std::string path;
    std::optional<Slot> slot = {};  ///< opened by the host already (user namespace)
    bool clone = true;
};

/// The flags of a mount in terms of mount_setattr(2): MOUNT_ATTR_* to set and to clear, for the
/// mount itself and (the r… options) for all below; MS_* propagation to set last.
struct MountFlags {
    std::uint64_t set = 0;
    std::uint64_t clear = 0;
    std::uint64_t recursive_set = 0;
    std::uint64_t recursive_clear = 0;
    std::vector<std::uint64_t> propagation;  ///< MS_REC or'ed in for the r… forms
};

enum class FilesystemFallback {
    None,
    BindHost,  ///< the kernel refuses (sysfs, proc in a user namespace): bind the host's
};

/// A new file system at `destination`, which is made if missing.
struct MountFilesystem {
    std::string type;
    std::string source;
    std::vector<std::pair<std::string, std::string>> data;  ///< file system options
    std::string destination;
    MountFlags flags;
    bool copy_up = false;  ///< tmpcopyup: copy what was there into the new tmpfs
    FilesystemFallback fallback = FilesystemFallback::None;
    std::optional<Slot> filled_by = {};  ///< the host opened it already
};

/// A bind mount of a host path; the destination is made as the source is, directory or file.
struct BindMount {
    std::string source;
    bool recursive = false;
    std::string destination;
    MountFlags flags;
    std::optional<Slot> slot = {};  ///< opened by the host already
    /// Not empty: the mount is idmapped, by the host (OpenSource::id_mapping).
    std::vector<spec::IdMapping> uid_mappings = {};
    std::vector<spec::IdMapping> gid_mappings = {};
    bool recursive_idmap = false;
};

/// Changes flags of the mount that is at `destination`.
struct Remount {
    std::string destination;
    MountFlags flags;
};

/// One hierarchy's view inside the container.
struct CgroupView {
    std::string name;                   ///< directory below the destination: "memory"
    std::vector<std::string> symlinks;  ///< other names for it: "cpu" for "cpu,cpuacct"
    std::string host_path;              ///< bound when there is no new cgroup namespace
    std::vector<std::string>
        options;  ///< mount options of a v1 hierarchy: "memory", "none,name=systemd"
};

/// The cgroup file systems at `destination`. With a cgroup namespace they are mounted anew, else
/// the container's own cgroups are bound.
struct MountCgroups {
    std::string destination;
    bool unified = false;  ///< cgroup2 at the destination itself, else a tmpfs with `views`
    bool own_namespace = false;
    std::vector<CgroupView> views;
    std::string host_path;  ///< unified without a namespace: what to bind
    MountFlags flags;
};

enum class DeviceSource {
    Node,      ///< mknod(2); if the kernel refuses (EPERM), bind the host's
    BindHost,  ///< in a user namespace
};

/// A device node, or a fifo (`type` "p"); replaces nothing that is right already.
struct MakeDevice {
    std::string path;
    std::string type;
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    std::uint32_t mode = 0666;
    Uid uid = {};
    Gid gid = {};
    DeviceSource source = DeviceSource::Node;
    std::optional<Slot> slot = {};  ///< the host's node, opened already
};

/// A symlink in the root; one that exists is kept if it is a symlink.
struct MakeSymlink {
    std::string path;
    std::string target;
};

/// A pseudo-terminal of the container's devpts: stdio, controlling terminal, /dev/console (if
/// `bind_console`); the master goes to the host.
struct SetUpConsole {
    std::optional<spec::Box> size;
    Uid owner;
    bool bind_console = false;
};

enum class RootChange {
    Pivot,
    Move,    ///< --no-pivot: MS_MOVE and chroot, for a ramfs root
    Chroot,  ///< no mount namespace of its own
};

struct ChangeRoot {
    RootChange how = RootChange::Pivot;
};

/// Read-only bit on the root mount.
struct SetRootReadonly {};

/// rootfsPropagation on the root mount after the change: MS_SHARED… with MS_REC.
struct SetRootPropagation {
    std::uint64_t propagation = 0;
};

/// The propagation that a mount has for itself, where that of the root has just been spread.
struct SetMountPropagation {
    std::string destination;
    std::uint64_t propagation = 0;  ///< as in MountFlags
};

/// Hides a path: a character device 1:3 over a file, an empty read-only tmpfs over a directory.
/// Nothing there: nothing done.
struct MaskPath {
    std::string path;
};

/// Read-only from here on down. Nothing there: nothing done.
struct MakePathReadonly {
    std::string path;
};

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
    std::string cpus;
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
    bool keep_groups = false;  ///< setgroups(2) is denied in this user namespace
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
};

struct SetNoNewPrivileges {};

/// seccomp(2) with the program that was compiled from the Spec before the clone. With a listener,
/// its descriptor goes to the host first.
struct LoadSeccomp {
    spec::Seccomp seccomp;
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

using Action = std::variant<
    StartScope, ChangeScope, MakeCgroup, WriteCgroup, SetCgroupDevices, OpenNamespace,
    MakeIdMapping, OpenSource, OpenContainer, Clone, OpenNewNamespace, MoveNetDevice, WriteIdMaps,
    SetOomScoreAdj, RunHooks, Report, Await, ProtectInit, JoinCgroups, JoinNamespace, JoinContainer,
    UnshareNamespaces, NewTimeNamespace, BecomeRoot, NewSession, BringUpLoopback, SetHostname,
    SetDomainname, SetSysctl, SetPropagation, OpenRoot, MountFilesystem, BindMount, Remount,
    MountCgroups, MakeDevice, MakeSymlink, SetUpConsole, ChangeRoot, SetRootReadonly,
    SetRootPropagation, SetMountPropagation, MaskPath, MakePathReadonly, JoinSessionKeyring,
    SetRlimit, SetScheduler, SetIoPriority, SetCpuAffinity, SetMemoryPolicy, SetPersonality,
    SetUmask, ChangeDirectory, SetHome, FindExecutable, AwaitStart, SetAppArmor, SetSelinuxLabel,
    SetUser, SetBoundingSet, SetCapabilities, SetNoNewPrivileges, LoadSeccomp, CloseFds, Exec>;

/// One step, and the property of config.json that asks for it ("" if none does).
struct Step {
    Action action;
    std::string origin;
};

}  // namespace cleat::plan

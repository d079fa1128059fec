// Room: plan (layer 1, pure). The steps of init that build the container's root and enter it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cleat/base/ids.hpp"
#include "cleat/plan/slot.hpp"
#include "cleat/spec/config.hpp"

namespace cleat::plan {

/// Changes propagation of every mount in the new mount namespace: MS_SLAVE, MS_PRIVATE…
struct SetPropagation {
    std::uint64_t propagation = 0;
};

/// Clones the tree at the bundle's root path, gives it a propagation type and attaches it over that
/// path; all later paths of this list are inside it. Without `clone` (no mount namespace) the
/// directory is only opened.
struct OpenRoot {
    std::string path;
    std::uint64_t propagation = 0;  ///< MS_PRIVATE or MS_SLAVE
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
    std::optional<Slot> slot = {};  ///< opened by the parent already
    /// The source is a path inside the container's root: an earlier mount made it.
    bool source_in_root = false;
    std::uint64_t source_propagation = 0;  ///< OpenSource::propagation
    /// The user namespace for an idmapped mount: made from the mappings, or joined if they are
    /// empty. The parent maps the ids of a source that it opens, init those of all others.
    std::optional<Slot> id_mapping = {};
    std::vector<spec::IdMapping> uid_mappings = {};
    std::vector<spec::IdMapping> gid_mappings = {};
    bool recursive_idmap = false;
    /// Symlinks at the end of the two paths (crun(1): src-nofollow, dest-nofollow). With
    /// `copy_symlink` a source that is a symlink is not mounted: one like it is made.
    bool follow_source = true;
    bool follow_destination = true;
    bool copy_symlink = false;
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

/// A directory in the root, made if missing: the working directory of a process whose root is
/// about to be read-only.
struct MakeDirectory {
    std::string path;
};

/// Read-only bit on the mount at `destination`, after everything in it is made.
struct SetMountReadonly {
    std::string destination;
};

/// Read-only bit on the root mount.
struct SetRootReadonly {};

/// rootfsPropagation on the root mount after the change: MS_SHARED… with MS_REC.
struct SetRootPropagation {
    std::uint64_t propagation = 0;
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

}  // namespace cleat::plan

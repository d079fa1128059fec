// Room: plan. Mounts: a bind, a new file system, the control groups, or new flags for what is
// there.
#include "mounts.hpp"

#include <algorithm>
#include <array>

#include "cgroup_places.hpp"
#include "cleat/base/text.hpp"
#include "mount_options.hpp"
#include "root.hpp"

namespace cleat::plan {
namespace {

using spec::NamespaceType;

/// One entry of /mounts on its way to a step.
struct Request {
    const Container& container;
    const spec::Mount& mount;
    std::string pointer;
    MountOptions options;

    [[nodiscard]] std::string option_pointer(std::size_t data_index) const {
        return pointer_push(pointer + "/options", options.data_indices[data_index]);
    }
    [[nodiscard]] std::string option_pointer(std::string_view name) const {
        const auto found = std::ranges::find(mount.options, name);
        return pointer_push(pointer + "/options",
                            static_cast<std::size_t>(found - mount.options.begin()));
    }
};

/// Relative destinations are below the root (config.md#mounts). One that names the root by its path
/// on the host is inside, too, as in runc.
std::string in_root(const Container& container, const std::string& destination) {
    std::string path = destination.starts_with('/') ? destination : "/" + destination;
    if (!container.spec.root || root_path(container) == "/") return path;
    std::string below = path_below(root_path(container), path);
    return below.empty() ? path : below;
}

/// Relative sources are below the bundle (config.md#mounts).
std::string on_host(const Container& container, const std::string& source) {
    return source.starts_with('/') ? source : concat(container.options.bundle, "/", source);
}

Result<void> refuse_data(const Request& request, std::string_view why) {
    if (request.options.data.empty()) return {};
    const auto& option = request.mount.options[request.options.data_indices[0]];
    return refuse(ErrorKind::InvalidConfig, request.option_pointer(std::size_t{0}),
                  concat("mount option ", quoted(option), " ", why));
}

/// mount(2) ignores the options of a file system with MS_BIND, so runc and crun accept them.
void warn_of_data(const Request& request) {
    for (std::size_t i = 0; i < request.options.data.size(); ++i) {
        const auto& option = request.mount.options[request.options.data_indices[i]];
        request.container.warn(request.option_pointer(i), concat("mount option ", quoted(option),
                                                                 " has no effect on a bind mount"));
    }
}

/// Whether an option asks for a way to keep access times, so that the kernel changes all of them
/// (mount(2), MS_REMOUNT).
bool names_access_times(const spec::Mount& mount) {
    constexpr std::array<std::string_view, 4> kNames{"noatime", "nodiratime", "relatime",
                                                     "strictatime"};
    return std::ranges::any_of(mount.options, [&](const std::string& option) {
        return std::ranges::find(kNames, option) != kNames.end();
    });
}

/// A bind mount has the flags of its source. If an option names one flag, the others are cleared,
/// as runc and crun do with a remount; access times stay if none is asked for.
/// In a user namespace nothing is cleared that no option names: the flags would be locked
/// (mount_namespaces(7)).
void clear_unnamed_flags(const Container& container, const spec::Mount& mount, MountFlags& flags) {
    constexpr std::uint64_t kFlags =
        kMountReadonly | kMountNosuid | kMountNodev | kMountNoexec | kMountNosymfollow;
    constexpr std::uint64_t kTimes = kMountAtimeMask | kMountNodiratime;
    if ((flags.set | flags.clear) == 0 || container.namespaces.has(NamespaceType::User)) return;
    flags.clear |= kFlags & ~flags.set;
    if (names_access_times(mount))
        flags.clear |= kTimes & ~(flags.set & kMountNodiratime);
    else
        flags.clear &= ~kTimes;
}

/// A mount in the peer group of the host's mount propagates both ways. All binds are in it under a
/// shared root; under one whose type is not recursive, those that ask for shared (as in runc and
/// crun). A mount namespace of another user namespace gets slaves only (mount_namespaces(7)).
bool keeps_peer_group(const Container& container, const MountFlags& flags) {
    const auto is_shared = [](std::uint64_t propagation) { return (propagation & kShared) != 0; };
    if (container.namespaces.has(NamespaceType::User) || is_rootless(container.facts) ||
        container.namespaces.joins(NamespaceType::Mount))
        return false;
    const auto root = propagation_of(container.spec.linux.rootfs_propagation);
    if (is_shared(root)) return true;
    return root != 0 && (root & kRecursive) == 0 &&
           std::ranges::any_of(flags.propagation, is_shared);
}

/// The mappings are the mount's own or, without any, those of the container's user namespace
/// (config.md#linux-mount-options).
Result<void> map_ids(const Request& request, BindMount& bind) {
    const auto& [container, mount, pointer, options] = request;
    const bool own = !mount.uid_mappings.empty() || !mount.gid_mappings.empty();
    if (options.idmap == Depth::None && !own) return {};
    bind.recursive_idmap = options.idmap == Depth::Recursive;
    if (const auto* joined = container.namespaces.find_joined(NamespaceType::User);
        joined != nullptr && !own) {
        bind.id_mapping = joined->slot;
        return {};
    }
    bind.uid_mappings = own ? mount.uid_mappings : container.spec.linux.uid_mappings;
    bind.gid_mappings = own ? mount.gid_mappings : container.spec.linux.gid_mappings;
    if (bind.uid_mappings.empty() || bind.gid_mappings.empty())
        return refuse(ErrorKind::InvalidConfig, pointer,
                      "an idmapped mount needs uidMappings and gidMappings, of its own or of the "
                      "container's user namespace");
    bind.id_mapping = container.take_slot();
    return {};
}

/// Whether a mount before this one is at `path` of the container or above it.
bool is_made_by_earlier_mount(const Request& request, const std::string& path) {
    const auto& mounts = request.container.spec.mounts;
    const auto covers = [&](const spec::Mount& earlier) {
        return !path_below(in_root(request.container, earlier.destination), path).empty();
    };
    return std::any_of(mounts.data(), &request.mount, covers);
}

/// The parent opens a source before init mounts anything. A source that an earlier mount of the
/// list makes (config.md#mounts: in the listed order) must be opened by init.
void choose_opener(const Request& request, BindMount& bind) {
    const auto& container = request.container;
    const auto path =
        container.spec.root ? path_below(root_path(container), bind.source) : std::string();
    if (!path.empty() && is_made_by_earlier_mount(request, path)) {
        bind.source = path;
        bind.source_in_root = true;
        return;
    }
    const bool peer = keeps_peer_group(container, bind.flags);
    bind.source_propagation = peer ? 0 : initial_propagation(container.spec.linux) & ~kRecursive;
    if (peer || host_opens_sources(container) || mounts_on_host(container))
        bind.slot = container.take_slot();
}

constexpr std::array<std::string_view, 3> kLinkOptions{"copy-symlink", "src-nofollow",
                                                       "dest-nofollow"};

/// What is copied is neither mounted nor covered (crun(1)).
Result<void> check_links(const Request& request) {
    const auto& options = request.options;
    if (!options.copy_symlink || (!options.source_no_follow && !options.destination_no_follow))
        return {};
    return refuse(ErrorKind::InvalidConfig, request.option_pointer(kLinkOptions[0]),
                  "copy-symlink cannot go together with src-nofollow or dest-nofollow");
}

Result<void> refuse_links(const Request& request) {
    for (const auto name : kLinkOptions)
        if (std::ranges::count(request.mount.options, name) != 0)
            return refuse(ErrorKind::InvalidConfig, request.option_pointer(name),
                          concat(name, " is for bind mounts"));
    return {};
}

Result<Action> bind_mount(const Request& request) {
    warn_of_data(request);
    TRY(check_links(request));
    const auto& options = request.options;
    BindMount bind{.source = on_host(request.container, request.mount.source),
                   .recursive = options.bind == Depth::Recursive,
                   .destination = in_root(request.container, request.mount.destination),
                   .flags = options.flags,
                   .follow_source = !options.source_no_follow,
                   .follow_destination = !options.destination_no_follow,
                   .copy_symlink = options.copy_symlink};
    clear_unnamed_flags(request.container, request.mount, bind.flags);
    TRY(map_ids(request, bind));
    choose_opener(request, bind);
    return bind;
}

Result<Action> remount(const Request& request) {
    TRY(refuse_data(request, "cannot be changed by a remount"));
    return Remount{.destination = in_root(request.container, request.mount.destination),
                   .flags = request.options.flags};
}

Result<Action> cgroup_mount(const Request& request) {
    TRY(refuse_data(request, "is not one for a cgroup mount"));
    const auto kind =
        request.mount.type == "cgroup2" ? CgroupMount::Unified : CgroupMount::AsOnHost;
    auto mount = cgroup_view(request.container, kind);
    if (!mount) return refuse(mount.error().kind, request.pointer + "/type", mount.error().what);
    mount->destination = in_root(request.container, request.mount.destination);
    mount->flags = request.options.flags;
    return *std::move(mount);
}

/// A sysfs belongs to a network namespace and a proc to a pid namespace whose owners the process
/// may not be; and neither is mounted anew while a part of the host's is hidden. The host's root is
/// never refused a sysfs: a failure there is one, and no reason to show the host's tree.
FilesystemFallback fallback_of(const Container& container, std::string_view type) {
    const auto& namespaces = container.namespaces;
    const bool mapped =
        namespaces.makes(spec::NamespaceType::User) || namespaces.joins(spec::NamespaceType::User);
    if (type == "sysfs" && (mapped || is_rootless(container.facts)))
        return FilesystemFallback::BindHost;
    const bool nested = container.facts.user_namespace_of_own == Ability::Present;
    return type == "proc" && nested ? FilesystemFallback::BindHost : FilesystemFallback::None;
}

/// File systems whose files take the label of their mount; proc and sysfs have their own.
bool takes_label(std::string_view type) { return type != "proc" && type != "sysfs"; }

Result<Action> new_filesystem(const Request& request) {
    const auto& [container, mount, pointer, options] = request;
    if (mount.type.empty())
        return refuse(ErrorKind::InvalidConfig, pointer + "/type", "a mount needs a type");
    if (options.copy_up && mount.type != "tmpfs")
        return refuse(ErrorKind::InvalidConfig, request.option_pointer("tmpcopyup"),
                      concat("tmpcopyup is for tmpfs, not for ", quoted(mount.type)));
    MountFilesystem step{.type = mount.type,
                         .source = mount.source,
                         .data = options.data,
                         .destination = in_root(container, mount.destination),
                         .flags = options.flags,
                         .copy_up = options.copy_up,
                         .fallback = fallback_of(container, mount.type)};
    // Every devpts is a new instance since Linux 4.7; the mount API no longer takes the word.
    if (mount.type == "devpts")
        std::erase_if(step.data, [](const auto& option) { return option.first == "newinstance"; });
    const auto& label = container.spec.linux.mount_label;
    if (!label.empty() && takes_label(mount.type))
        step.data.emplace_back(container.annotations.mount_context_type, label);
    step.data.insert(step.data.begin(), options.superblock.begin(), options.superblock.end());
    return step;
}

Result<void> refuse_idmap(const Request& request) {
    const auto& mount = request.mount;
    const bool mapped = !mount.uid_mappings.empty() || !mount.gid_mappings.empty();
    if (!mapped && request.options.idmap == Depth::None) return {};
    return refuse(ErrorKind::InvalidConfig,
                  request.pointer + (mapped ? "/uidMappings" : "/options"),
                  "only bind mounts can be idmapped (uidMappings, gidMappings, idmap)");
}

/// For an old systemd in the container: a hierarchy of v1 where the host has one
/// (run.oci.systemd.force_cgroup_v1).
Result<Action> systemd_hierarchy(const Request& request) {
    static constexpr std::string_view kName = "name=systemd";
    const auto has_it = [](const CgroupHierarchy& hierarchy) {
        return std::ranges::find(hierarchy.controllers, kName) != hierarchy.controllers.end();
    };
    if (std::ranges::none_of(request.container.facts.cgroups, has_it))
        return refuse(ErrorKind::Unsupported, "/annotations/run.oci.systemd.force_cgroup_v1",
                      "this host has no hierarchy name=systemd of cgroup v1");
    return MountFilesystem{.type = "cgroup",
                           .source = "cgroup",
                           .data = {{"none", ""}, {"name", "systemd"}},
                           .destination = in_root(request.container, request.mount.destination),
                           .flags = request.options.flags};
}

Result<Action> mount_step(Request request) {
    const auto& forced = request.container.annotations.force_cgroup_v1;
    if (!forced.empty() &&
        normal_path(in_root(request.container, request.mount.destination)) == normal_path(forced))
        return systemd_hierarchy(request);
    auto& bind = request.options.bind;
    if (request.mount.type == "bind") bind = std::max(bind, Depth::Top);
    if (!request.options.remount && bind != Depth::None) return bind_mount(request);
    TRY(refuse_links(request));
    if (request.options.remount) return remount(request);
    TRY(refuse_idmap(request));
    if (request.mount.type == "cgroup" || request.mount.type == "cgroup2")
        return cgroup_mount(request);
    return new_filesystem(request);
}

}  // namespace

bool host_opens_sources(const Container& container) {
    return container.namespaces.has(NamespaceType::User) &&
           has_capability(container.facts.capabilities, kCapSysAdmin);
}

bool mounts_on_host(const Container& container) {
    // Mounts that are added to a running container come without a root.
    return container.spec.root && !container.namespaces.has(NamespaceType::Mount) &&
           !container.namespaces.has(NamespaceType::User);
}

std::uint64_t initial_propagation(const spec::Linux& linux) noexcept {
    // Slaves get the host's later mounts, and the host gets none of theirs. Peers of the host's
    // mounts (shared) are opened by the parent, in the host's mount namespace.
    const auto root = propagation_of(linux.rootfs_propagation);
    const bool cut_off = (root & (kPrivate | kUnbindable)) != 0 && (root & kRecursive) != 0;
    return (cut_off ? kPrivate : kSlave) | kRecursive;
}

std::string path_below(std::string_view root, std::string_view path) {
    const std::string above = normal_path(root);
    std::string below = normal_path(path);
    if (above == "/") return below;
    if (below == above) return "/";
    if (!below.starts_with(above) || below[above.size()] != '/') return "";
    return below.substr(above.size());
}

/// Whether something is made in the mount at `index` after it: the mount point of a later mount, or
/// in /dev the devices.
bool is_filled_later(const Container& container, std::size_t index) {
    const auto& mounts = container.spec.mounts;
    const std::string destination = in_root(container, mounts[index].destination);
    bool filled = normal_path(destination) == "/dev" && container.spec.root.has_value();
    for (std::size_t later = index + 1; later < mounts.size(); ++later) {
        const auto below = path_below(destination, in_root(container, mounts[later].destination));
        if (below == "/") return false;  // it is covered, and out of reach
        filled = filled || !below.empty();
    }
    return filled;
}

/// Takes the read-only flag from a tmpfs that is filled later (readonly_steps() sets it then).
void defer_readonly(const Container& container, std::size_t index, Action& action) {
    auto* made = std::get_if<MountFilesystem>(&action);
    if (made != nullptr && made->type == "tmpfs" && is_filled_later(container, index))
        made->flags.set &= ~kMountReadonly;
}

Steps readonly_steps(const Container& container) {
    Steps init;
    const auto& mounts = container.spec.mounts;
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        const auto options = parse_mount_options(mounts[i].options);
        if ((options.flags.set & kMountReadonly) == 0 || options.remount ||
            options.bind != Depth::None)
            continue;
        if (mounts[i].type == "tmpfs" && is_filled_later(container, i))
            init.add(SetMountReadonly{.destination = in_root(container, mounts[i].destination)},
                     pointer_push("/mounts", i));
    }
    return init;
}

Result<Steps> mount_steps(const Container& container) {
    Steps init;
    const auto& mounts = container.spec.mounts;
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        const std::string pointer = pointer_push("/mounts", i);
        auto action = TRY(mount_step({.container = container,
                                      .mount = mounts[i],
                                      .pointer = pointer,
                                      .options = parse_mount_options(mounts[i].options)}));
        if (container.spec.root) defer_readonly(container, i, action);
        init.add(std::move(action), pointer);
    }
    return init;
}

}  // namespace cleat::plan

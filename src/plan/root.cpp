// Room: plan. The root file system: a clone of the tree at root.path, with the mounts in it. In a
// mount namespace, new or joined, init pivots into it. Without one (config-linux.md#namespaces: it
// must be inherited) the clone lies over root.path in the runtime's own, and init changes its root
// directory. In a user namespace, which has no right to mount there, it does no more than that.
#include "root.hpp"

#include <set>
#include <utility>

#include "cleat/base/text.hpp"
#include "devices.hpp"
#include "mount_options.hpp"
#include "mounts.hpp"
#include "numbers.hpp"

namespace cleat::plan {
namespace {

using spec::NamespaceType;

bool builds_root(const Container& container) {
    return container.namespaces.has(NamespaceType::Mount) || mounts_on_host(container);
}

/// A root that is no slave is private: no mount of it may be a peer of a mount of the host. One
/// that shall be shared gets a peer group of its own later (SetRootPropagation).
std::uint64_t propagation_while_built(const spec::Linux& linux) {
    return (propagation_of(linux.rootfs_propagation) & kSlave) != 0 ? kSlave : kPrivate;
}

OpenRoot open_root(const Container& container) {
    OpenRoot step{.path = root_path(container),
                  .propagation = propagation_while_built(container.spec.linux),
                  .clone = builds_root(container)};
    // The parent can unmount what it holds open.
    if (step.clone && (host_opens_sources(container) || mounts_on_host(container)))
        step.slot = container.take_slot();
    return step;
}

/// A property that changes mounts, and whether it is there.
struct MountProperty {
    const char* pointer;
    bool present;
};

std::vector<MountProperty> mount_properties(const spec::Spec& spec) {
    return {{"/mounts", !spec.mounts.empty()},
            {"/root/readonly", spec.root->readonly},
            {"/linux/rootfsPropagation", !spec.linux.rootfs_propagation.empty()},
            {"/linux/maskedPaths", !spec.linux.masked_paths.empty()},
            {"/linux/readonlyPaths", !spec.linux.readonly_paths.empty()}};
}

/// Root of a user namespace cannot mount in a mount namespace that belongs to another one.
Result<void> check_mount_properties(const Container& container) {
    if (builds_root(container)) return {};
    for (const auto& [pointer, present] : mount_properties(container.spec))
        if (present)
            return refuse(ErrorKind::InvalidConfig, pointer, "this needs a mount namespace");
    return {};
}

Result<std::uint64_t> root_propagation(const spec::Linux& linux) {
    const auto propagation = propagation_of(linux.rootfs_propagation);
    if (propagation != 0 || linux.rootfs_propagation.empty()) return propagation;
    return refuse(ErrorKind::InvalidConfig, "/linux/rootfsPropagation",
                  concat("unknown propagation ", quoted(linux.rootfs_propagation)));
}

/// One step for each path; a path that is listed again is skipped.
template <class PathStep>
Steps path_steps(const std::vector<std::string>& paths, const char* pointer) {
    Steps init;
    std::set<std::string> done;
    for (std::size_t i = 0; i < paths.size(); ++i)
        if (done.insert(normal_path(paths[i])).second)
            init.add(PathStep{.path = paths[i]}, pointer_push(pointer, i));
    return init;
}

Steps close_root(const Container& container) {
    const auto& linux = container.spec.linux;
    // A read-only path that is masked as well ends up masked.
    Steps init = path_steps<MakePathReadonly>(linux.readonly_paths, "/linux/readonlyPaths");
    init += path_steps<MaskPath>(linux.masked_paths, "/linux/maskedPaths");
    return init;
}

void add_console(const Container& container, Steps& init) {
    const auto& process = container.process();
    if (!process.terminal) return;
    init.add(SetUpConsole{.size = process.console_size,
                          .owner = process.user.uid,
                          .bind_console = builds_root(container)},
             "/process/terminal");
}

/// The source of a step that waits for a slot to be filled, as a step of the host.
std::optional<OpenSource> source_of(const Action& action, std::uint64_t propagation) {
    if (const auto* root = std::get_if<OpenRoot>(&action); root && root->slot)
        return OpenSource{
            .path = root->path, .recursive = true, .slot = *root->slot, .propagation = propagation};
    if (const auto* bind = std::get_if<BindMount>(&action); bind && bind->slot)
        return OpenSource{.path = bind->source,
                          .recursive = bind->recursive,
                          .slot = *bind->slot,
                          .propagation = bind->source_propagation,
                          .id_mapping = bind->id_mapping,
                          .recursive_id_mapping = bind->recursive_idmap,
                          .follow = bind->follow_source && !bind->copy_symlink};
    if (const auto* device = std::get_if<MakeDevice>(&action); device && device->slot)
        return OpenSource{.path = device->path,
                          .recursive = false,
                          .slot = *device->slot,
                          .propagation = propagation};
    return std::nullopt;
}

/// The user namespace for an idmapped mount.
void add_id_mapping(const Step& step, Steps& host) {
    const auto* bind = std::get_if<BindMount>(&step.action);
    if (bind == nullptr || bind->uid_mappings.empty()) return;
    host.add(MakeIdMapping{.uid_mappings = bind->uid_mappings,
                           .gid_mappings = bind->gid_mappings,
                           .slot = *bind->id_mapping},
             step.origin);
}

}  // namespace

Result<Steps> build_root(const Container& container) {
    Steps init;
    TRY(check_mount_properties(container));
    if (container.namespaces.has(NamespaceType::Mount))
        init.add(SetPropagation{.propagation = initial_propagation(container.spec.linux)},
                 container.spec.linux.rootfs_propagation.empty() ? "" : "/linux/rootfsPropagation");
    init.add(open_root(container), "/root/path");
    if (!builds_root(container)) return init;
    init += TRY(mount_steps(container));
    // After the mounts, one of which is most often /dev.
    init += device_steps(container);
    return init;
}

Result<Steps> enter_root(const Container& container) {
    Steps init;
    // Its terminal is of the container's own devpts.
    add_console(container, init);
    if (!builds_root(container)) {
        init.add(ChangeRoot{.how = RootChange::Chroot}, "/root/path");
        return init;
    }
    // Nothing is made in the root any more.
    if (container.spec.root->readonly && container.spec.process)
        init.add(MakeDirectory{.path = container.process().cwd}, "/process/cwd");
    init += readonly_steps(container);
    if (container.spec.root->readonly) init.add(SetRootReadonly{}, "/root/readonly");
    const bool pivots = container.namespaces.has(NamespaceType::Mount);
    init.add(ChangeRoot{.how = pivots ? container.options.root_change : RootChange::Chroot},
             "/root/path");
    // Now "/" is the container's, and no path can lead out of it any more.
    init += close_root(container);
    // Private and slave it is already. Unbindable mounts cannot be copied, so this comes last.
    const auto propagation = TRY(root_propagation(container.spec.linux));
    if ((propagation & (kShared | kUnbindable)) != 0)
        init.add(SetRootPropagation{.propagation = propagation}, "/linux/rootfsPropagation");
    return init;
}

const OpenRoot* root_on_host(const Plan& plan) noexcept {
    const OpenRoot* root = nullptr;
    const ChangeRoot* change = nullptr;
    for (const auto& step : plan.init) {
        if (const auto* found = std::get_if<OpenRoot>(&step.action)) root = found;
        if (const auto* found = std::get_if<ChangeRoot>(&step.action)) change = found;
    }
    const bool on_host = root != nullptr && root->clone && root->slot && change != nullptr &&
                         change->how == RootChange::Chroot;
    return on_host ? root : nullptr;
}

std::string root_path(const Container& container) {
    const auto& path = container.spec.root->path;
    return path.starts_with('/') ? path : concat(container.options.bundle, "/", path);
}

Steps open_sources(const spec::Linux& linux, const Steps& init) {
    const std::uint64_t propagation = initial_propagation(linux) & ~kRecursive;
    Steps host;
    for (const auto& step : init.view()) {
        add_id_mapping(step, host);
        if (auto source = source_of(step.action, propagation))
            host.add(*std::move(source), step.origin);
    }
    return host;
}

}  // namespace cleat::plan

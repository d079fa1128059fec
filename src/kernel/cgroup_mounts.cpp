// Room: kernel. The cgroup file systems that the container sees. Runs in init, before the root is
// changed: the host's hierarchies are reached by their paths.
#include <fcntl.h>
#include <linux/mount.h>
#include <unistd.h>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/tree.hpp"
#include "failed.hpp"
#include "mount_flags.hpp"
#include "mount_options.hpp"
#include "target.hpp"

namespace cleat::kernel {
namespace {

constexpr std::uint64_t kAlways = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
constexpr std::uint64_t kReadonly = MOUNT_ATTR_RDONLY;
constexpr mode_t kDirectoryMode = 0755;
constexpr std::string_view kUnifiedView = "unified";

/// Not allowed here (user namespace), or mounted already with what differs.
bool is_refused(const Error& error) {
    return error.errno_value == EPERM || error.errno_value == EBUSY || error.errno_value == EINVAL;
}

/// One hierarchy: a file system type with its options, or the host's directory.
struct Hierarchy {
    const char* type;
    FilesystemOptions options;
    const std::string& host_path;
    std::uint64_t attributes;
};

/// The caller gives it its attributes.
Result<sys::Tree> bound(const Hierarchy& hierarchy) {
    return sys::Tree::clone(sys::kHere, hierarchy.host_path.c_str(), sys::Depth::Top);
}

Result<sys::Tree> mounted(const Hierarchy& hierarchy) {
    auto tree = sys::Tree::make({.type = hierarchy.type,
                                 .source = "cgroup",
                                 .options = &hierarchy.options,
                                 .attributes = hierarchy.attributes});
    if (tree || hierarchy.host_path.empty() || !is_refused(tree.error())) return tree;
    return bound(hierarchy);
}

Result<sys::Tree> tree_of(const Hierarchy& hierarchy, const plan::MountCgroups& step) {
    return step.own_namespace ? mounted(hierarchy) : bound(hierarchy);
}

/// "name=systemd" is a key with its value, "memory" a flag.
FilesystemOptions options_of(const plan::CgroupView& view) {
    FilesystemOptions options;
    for (const auto& option : view.options) {
        const auto equals = option.find('=');
        options.emplace_back(option.substr(0, equals),
                             equals == std::string::npos ? "" : option.substr(equals + 1));
    }
    return options;
}

Result<void> add_view(const plan::CgroupView& view, const plan::MountCgroups& step, int directory) {
    TRY(sys::make_directory_at(directory, view.name.c_str(), kDirectoryMode));
    const bool unified = view.name == kUnifiedView;
    const auto tree = TRY(tree_of({.type = unified ? "cgroup2" : "cgroup",
                                   .options = unified ? FilesystemOptions{} : options_of(view),
                                   .host_path = view.host_path,
                                   .attributes = kAlways | new_mount_attributes(step.flags)},
                                  step));
    TRY(tree.attach(directory, view.name.c_str()));
    for (const auto& link : view.symlinks)
        if (::symlinkat(view.name.c_str(), directory, link.c_str()) < 0 && errno != EEXIST)
            return failed("make symlink ", link);
    return {};
}

/// The directory of all hierarchies is in place before they are, as a detached mount takes no
/// others before Linux 6.15; nobody but this process can see or change it yet. All get their
/// attributes at once.
Result<void> mount_views(const plan::MountCgroups& step, const Target& target, Context& context) {
    const FilesystemOptions options = {{"mode", "755"}};
    const std::uint64_t attributes = kAlways | new_mount_attributes(step.flags);
    const auto base = TRY(sys::Tree::make({.type = "tmpfs",
                                           .source = "cgroup",
                                           .options = &options,
                                           .attributes = attributes & ~kReadonly}));
    TRY(attach(context, base, target, step.flags));
    for (const auto& view : step.views) {
        auto done = add_view(view, step, base.fd());
        if (!done) return std::unexpected(with_context(std::move(done).error(), view.name));
    }
    return change_attributes(base.fd(), {.set = attributes}, sys::Depth::Recursive);
}

Result<void> mount_cgroups(const plan::MountCgroups& step, Context& context) {
    const auto target = TRY(open_target(context, step.destination, Shape::Directory));
    TRY(check_proc_rules(target, Content::Other));
    if (!step.unified) return mount_views(step, target, context);
    const std::uint64_t attributes = kAlways | new_mount_attributes(step.flags);
    const auto tree = TRY(tree_of(
        {.type = "cgroup2", .options = {}, .host_path = step.host_path, .attributes = attributes},
        step));
    TRY(change_attributes(tree.fd(), {.set = attributes}, sys::Depth::Top));
    return attach(context, tree, target, step.flags);
}

}  // namespace

Result<void> apply(const plan::MountCgroups& step, Context& context) {
    auto done = mount_cgroups(step, context);
    if (done) return done;
    return std::unexpected(
        with_context(std::move(done).error(), concat("mount cgroups on ", step.destination)));
}

}  // namespace cleat::kernel

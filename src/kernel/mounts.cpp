// Room: kernel. New file systems, bind mounts and changes of flags. Runs in init, in the new mount
// namespace, before the root is changed: sources are paths of the host, destinations are looked up
// in the container's root. Everything is built detached and attached once.
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/stat.h>

#include <algorithm>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/tree.hpp"
#include "copy_up.hpp"
#include "failed.hpp"
#include "mount_flags.hpp"
#include "mount_options.hpp"
#include "paths.hpp"
#include "target.hpp"

namespace cleat::kernel {
namespace {

/// How the kernel refuses a procfs or sysfs to a user namespace (or hides that one is there).
bool is_refused(const Error& error) {
    return error.errno_value == EPERM || error.errno_value == EACCES || error.errno_value == EBUSY;
}

/// The host's own procfs or sysfs with all that is mounted in it: below it, what is locked together
/// cannot be taken apart (mount_namespaces(7)). The flags are for all of it.
Result<sys::Tree> host_tree(const plan::MountFilesystem& step) {
    const bool proc = step.type == "proc";
    auto tree = TRY(sys::Tree::clone(sys::kHere, proc ? "/proc" : "/sys", sys::Depth::Recursive));
    if (TRY(sys::filesystem_magic(tree.fd())) != (proc ? PROC_SUPER_MAGIC : SYSFS_MAGIC))
        return fail(ErrorKind::System, concat("the host has no ", step.type, " to bind"));
    TRY(change_attributes(tree.fd(), {.set = new_mount_attributes(step.flags)},
                          sys::Depth::Recursive));
    return tree;
}

/// Into a tmpfs that is not yet to be seen, and read-only only after.
Result<sys::Tree> copied_up(const plan::MountFilesystem& step, const Target& target,
                            sys::Tree::Filesystem filesystem) {
    constexpr std::uint64_t kReadonly = MOUNT_ATTR_RDONLY;
    const std::uint64_t attributes = filesystem.attributes;
    filesystem.attributes &= ~kReadonly;
    auto tree = TRY(sys::Tree::make(filesystem));
    TRY(copy_up(target.fd.get(), tree.fd(), gives_owner(step.data) ? Owner::Kept : Owner::Copied));
    TRY(change_attributes(tree.fd(), {.set = attributes & kReadonly}, sys::Depth::Top));
    return tree;
}

Result<sys::Tree> new_filesystem(const plan::MountFilesystem& step, const Target& target) {
    const auto options = mount_options(step, target);
    const sys::Tree::Filesystem filesystem{
        .type = step.type.c_str(),
        .source = step.source.empty() ? nullptr : step.source.c_str(),
        .options = options ? &*options : &step.data,
        .attributes = new_mount_attributes(step.flags)};
    if (step.copy_up && step.type == "tmpfs" && target.existed)
        return copied_up(step, target, filesystem);
    auto tree = sys::Tree::make(filesystem);
    if (!tree && step.fallback == plan::FilesystemFallback::BindHost && is_refused(tree.error()))
        return host_tree(step);
    return tree;
}

Result<sys::Tree> opened_by_host(plan::Slot slot, const plan::MountFlags& flags, Context& context) {
    auto tree = sys::Tree::adopt(std::move(context.slots[slot.index]));
    TRY(set_mount_flags(tree.fd(), flags));
    return tree;
}

/// A directory as a runtime makes mount points: an earlier container may have left it, and its mode
/// means nothing to a tmpfs.
Result<bool> is_bare_mount_point(const Target& target) {
    constexpr mode_t kMode = S_IFDIR | 0755;
    const auto status = TRY(sys::stat_fd(target.fd.get()));
    if (status.st_mode != kMode || status.st_uid != 0 || status.st_gid != 0) return false;
    return TRY(sys::list_directory_at(target.fd.get(), ".")).empty();
}

Result<void> mount_filesystem(const plan::MountFilesystem& step, Context& context) {
    auto target = TRY(open_target(context, step.destination, Shape::Directory));
    TRY(check_proc_rules(target, step.type == "proc" ? Content::ProcRoot : Content::Other));
    if (step.type == "tmpfs" && target.existed) target.is_bare = TRY(is_bare_mount_point(target));
    const auto tree = step.filled_by ? TRY(opened_by_host(*step.filled_by, step.flags, context))
                                     : TRY(new_filesystem(step, target));
    return attach(context, tree, target, step.flags);
}

/// What the rules about /proc have to know of a bind mount's source.
Result<Content> content_of(const sys::Tree& tree, const std::string& source, const Target& target) {
    constexpr ino_t kProcRoot = 1;
    if (!target.path.starts_with("/proc")) return Content::Other;
    if (TRY(sys::filesystem_magic(tree.fd())) != PROC_SUPER_MAGIC) return Content::Other;
    if (TRY(sys::stat_fd(tree.fd())).st_ino == kProcRoot) return Content::ProcRoot;
    return normal_path(source) == target.path ? Content::SameProcFile : Content::Other;
}

/// A source in the container's root, by a look-up that no symlink leads out of.
Result<sys::Fd> open_source_in_root(const plan::BindMount& step, const Context& context) {
    return step.follow_source && !step.copy_symlink
               ? context.root.open(step.source.c_str(), O_PATH)
               : context.root.open_no_follow(step.source.c_str(), O_PATH);
}

/// A bind's source: the mount from the slot, or a descriptor, or a path.
struct Source {
    sys::Fd fd;
    std::string path;  ///< "" for the descriptor itself
    [[nodiscard]] int directory() const { return fd ? fd.get() : sys::kHere; }
};

Result<Source> find_source(const plan::BindMount& step, Context& context) {
    if (step.slot) return Source{std::move(context.slots[step.slot->index]), ""};
    if (step.source_in_root) return Source{TRY(open_source_in_root(step, context)), ""};
    return Source{{}, absolute_path(step.source, context)};
}

Result<mode_t> mode_of(const Source& source, const plan::BindMount& step) {
    if (source.fd) return TRY(sys::stat_fd(source.fd.get())).st_mode;
    const bool follow = step.follow_source && !step.copy_symlink;
    return TRY(sys::stat_at(sys::kHere, source.path.c_str(), follow ? 0 : AT_SYMLINK_NOFOLLOW))
        .st_mode;
}

/// The source as a detached mount, with its ids mapped.
Result<sys::Tree> source_tree(Source source, const plan::BindMount& step, const Context& context) {
    if (step.slot) return sys::Tree::adopt(std::move(source.fd));
    const auto depth = step.recursive ? sys::Depth::Recursive : sys::Depth::Top;
    const auto link = step.follow_source ? sys::LastLink::Followed : sys::LastLink::Kept;
    auto tree = TRY(sys::Tree::clone(source.directory(), source.path.c_str(), depth, link));
    if (step.id_mapping)
        TRY(map_ids(tree, context.slots[step.id_mapping->index].get(), step.recursive_idmap,
                    step.source));
    return tree;
}

/// A symlink like the source, in its place (copy-symlink, crun(1)). Another container may have made
/// it already.
Result<void> copy_symlink(const plan::BindMount& step, const Source& source,
                          const Context& context) {
    const auto link = TRY(sys::read_link_at(source.directory(), source.path.c_str()));
    const auto place = TRY(context.root.place(step.destination.c_str()));
    if (TRY(place.make_symlink(link.c_str())) == sys::Made::New) return {};
    const auto status = TRY(place.status());
    if (S_ISLNK(status.st_mode) && TRY(place.read_link()) == link) return {};
    return fail_errno(concat("something else than a symlink to ", quoted(link), " is there"),
                      EEXIST);
}

/// The target first: closing a detached mount that found no place waits for an RCU grace period.
Result<void> bind_mount(const plan::BindMount& step, Context& context) {
    auto source = TRY(find_source(step, context));
    const mode_t mode = TRY(mode_of(source, step));
    if (step.copy_symlink && S_ISLNK(mode)) return copy_symlink(step, source, context);
    constexpr auto kFollowed = sys::LastLink::Followed;
    const auto target = TRY(open_target(context, step.destination, shape_of(mode),
                                        step.follow_destination ? kFollowed : sys::LastLink::Kept));
    const auto tree = TRY(source_tree(std::move(source), step, context));
    const auto content = TRY(content_of(tree, absolute_path(step.source, context), target));
    TRY(check_proc_rules(target, content));
    TRY(set_mount_flags(tree.fd(), step.flags));
    return attach(context, tree, target, step.flags);
}

Result<void> remount(const plan::Remount& step, Context& context) {
    const auto mount = TRY(context.root.open(step.destination.c_str(), O_PATH));
    TRY(set_mount_flags(mount.get(), step.flags));
    return set_mount_propagation(mount.get(), step.flags);
}

}  // namespace

Result<void> apply(const plan::MountFilesystem& step, Context& context) {
    auto done = mount_filesystem(step, context);
    if (done) return done;
    return std::unexpected(with_context(
        std::move(done).error(),
        concat("mount ", quoted(step.source), " on ", step.destination, " (", step.type, ")")));
}

Result<void> apply(const plan::BindMount& step, Context& context) {
    auto done = bind_mount(step, context);
    if (done) return done;
    return std::unexpected(with_context(
        std::move(done).error(), concat("bind ", quoted(step.source), " on ", step.destination)));
}

Result<void> apply(const plan::Remount& step, Context& context) {
    auto done = remount(step, context);
    if (done) return done;
    if (done.error().errno_value == EINVAL)
        return fail_errno(concat("remount ", step.destination, ": nothing is mounted there"),
                          EINVAL);
    return std::unexpected(
        with_context(std::move(done).error(), concat("remount ", step.destination)));
}

}  // namespace cleat::kernel

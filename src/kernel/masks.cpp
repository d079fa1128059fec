// Room: kernel. Masked and read-only paths. Runs in init, after the root was changed. Paths are
// looked up in the container's root; what covers them is checked by its kind, not by its name.
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>

#include "cleat/base/text.hpp"
#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/tree.hpp"
#include "mount_flags.hpp"
#include "null_device.hpp"

namespace cleat::kernel {
namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

constexpr mode_t kNullMode = 0666;
constexpr std::uint64_t kEmptyFlags =
    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

/// What is to be covered, or nothing: paths that are missing need no mask.
Result<sys::Fd> open_if_there(const std::string& path, const Context& context) {
    auto there = context.root.open(path.c_str(), O_PATH);
    if (there) return there;
    const int error = there.error().errno_value;
    if (error == ENOENT || error == ENOTDIR) return sys::Fd{};
    return there;
}

/// A node of our own, for a container that has no /dev/null.
Result<sys::Tree> made_null() {
    const Options options = {{"mode", "555"}, {"nr_inodes", "2"}};
    const auto tree = TRY(sys::Tree::make({.type = "tmpfs",
                                           .options = &options,
                                           .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC}));
    const sys::Place place{.parent = TRY(sys::open_at(tree.fd(), ".", O_PATH | O_DIRECTORY)),
                           .name = "null"};
    TRY(place.make_node(S_IFCHR | kNullMode, kNullDevice));
    return sys::Tree::clone(tree.fd(), "null", sys::Depth::Top);
}

/// The container's own /dev/null if it is what the name says (CVE-2025-31133: an image can have a
/// symlink or a file there); the descriptor that was checked is the one that is cloned.
Result<sys::Tree> first_null(const Context& context) {
    const auto null = context.root.open("/dev/null", O_PATH);
    if (null && is_null(TRY(sys::stat_fd(null->get()))))
        return sys::Tree::clone(null->get(), "", sys::Depth::Top);
    return made_null();
}

/// No room for a file, no way to write: one superblock for all masked directories.
Result<sys::Tree> first_empty() {
    const Options options = {{"mode", "555"}, {"nr_blocks", "1"}, {"nr_inodes", "2"}, {"ro", ""}};
    return sys::Tree::make({.type = "tmpfs", .options = &options, .attributes = kEmptyFlags});
}

/// Covers `target`. The first mask is kept open, later ones are copies of it: it is attached by
/// then, and only attached mounts can be copied before Linux 6.15.
template <class First>
Result<void> cover(int target, sys::Fd& kept, First&& first) {
    if (kept) return TRY(sys::Tree::clone(kept.get(), "", sys::Depth::Top)).attach_to(target);
    auto tree = TRY(first());
    TRY(tree.attach_to(target));
    kept = std::move(tree).take();
    return {};
}

Result<void> mask(const std::string& path, Context& context) {
    const auto target = TRY(open_if_there(path, context));
    if (!target) return {};
    const auto status = TRY(sys::stat_fd(target.get()));
    if (S_ISDIR(status.st_mode)) return cover(target.get(), context.empty_directory, first_empty);
    return cover(target.get(), context.null_device, [&context] { return first_null(context); });
}

/// A copy of what is there with all below it lies read-only over it, its other flags kept.
Result<void> make_readonly(const std::string& path, const Context& context) {
    const auto target = TRY(open_if_there(path, context));
    if (!target) return {};
    const auto tree = TRY(sys::Tree::clone(target.get(), "", sys::Depth::Recursive));
    TRY(change_attributes(tree.fd(), {.set = MOUNT_ATTR_RDONLY}, sys::Depth::Recursive));
    return tree.attach_to(target.get());
}

}  // namespace

Result<void> apply(const plan::MaskPath& step, Context& context) {
    auto done = mask(step.path, context);
    if (!done)
        return std::unexpected(with_context(std::move(done).error(), concat("mask ", step.path)));
    return done;
}

Result<void> apply(const plan::MakePathReadonly& step, Context& context) {
    auto done = make_readonly(step.path, context);
    if (!done)
        return std::unexpected(
            with_context(std::move(done).error(), concat("make read-only ", step.path)));
    return done;
}

}  // namespace cleat::kernel

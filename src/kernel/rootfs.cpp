// Room: kernel. The container's root: cloned and attached in the new mount namespace, later made
// the root of the process. Runs in init; OpenSource in the host process.
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/tree.hpp"
#include "failed.hpp"
#include "mount_flags.hpp"
#include "move_root.hpp"
#include "null_device.hpp"
#include "paths.hpp"

namespace cleat::kernel {
namespace {

constexpr std::uint64_t kRecursive = MS_REC;

/// A mapped root may be unable to reach the path; then the root lies on the old one at "/", from
/// where pivot_root(2) works as well.
Result<sys::Fd> open_place(const plan::OpenRoot& step, const Context& context) {
    constexpr int kFlags = O_PATH | O_DIRECTORY;
    auto place = sys::open_at(sys::kHere, absolute_path(step.path, context).c_str(), kFlags);
    if (!place && step.slot && place.error().errno_value == EACCES)
        place = sys::open_at(sys::kHere, "/", kFlags);
    return place;
}

Result<sys::Tree> root_tree(const plan::OpenRoot& step, const sys::Fd& place, Context& context) {
    if (!step.slot) return sys::Tree::clone(place.get(), "", sys::Depth::Recursive);
    auto tree = sys::Tree::adopt(std::move(context.slots[step.slot->index]));
    const auto status = TRY(sys::stat_fd(tree.fd()));
    if (!S_ISDIR(status.st_mode)) return fail_errno("source", ENOTDIR);
    return tree;
}

Result<void> open_root(const plan::OpenRoot& step, Context& context) {
    if (!step.clone) {  // ChangeRoot opens it
        context.root_path = absolute_path(step.path, context);
        return {};
    }
    const sys::Fd place = TRY(open_place(step, context));
    auto tree = TRY(root_tree(step, place, context));
    TRY(tree.attach_to(place.get()));
    // Nothing that is mounted in the container's root may appear elsewhere. After the attachment,
    // which makes the tree shared if the mount below it is.
    TRY(tree.set_attributes({.propagation = step.propagation}, sys::Depth::Recursive));
    context.root = sys::RootFs(std::move(tree).take());
    context.root_path = TRY(sys::path_of(context.proc.get(), context.root.fd()));
    if (::fchdir(context.root.fd()) < 0) return failed("chdir");
    return {};
}

Result<void> change_directory_and_root() {
    if (::chroot(".") < 0) return failed("chroot");
    if (::chdir("/") < 0) return failed("chdir /");
    return {};
}

/// Without a mount namespace of its own there may be no OpenRoot, only the path.
Result<void> open_plain_root(Context& context) {
    if (context.root) return {};
    if (context.root_path.empty()) return fail(ErrorKind::Internal, "no root was opened");
    const std::string path = absolute_path(context.root_path, context);
    auto root = sys::open_at(sys::kHere, path.c_str(), O_PATH | O_DIRECTORY);
    if (!root) return std::unexpected(with_context(std::move(root).error(), "root"));
    context.root = sys::RootFs(*std::move(root));
    return {};
}

}  // namespace

std::string absolute_path(const std::string& path, const Context& context) {
    return path.starts_with('/') ? path : concat(context.bundle, "/", path);
}

Result<void> apply(const plan::OpenSource& step, Context& context) {
    const auto depth = step.recursive ? sys::Depth::Recursive : sys::Depth::Top;
    const auto link = step.follow ? sys::LastLink::Followed : sys::LastLink::Kept;
    auto tree =
        sys::Tree::clone(sys::kHere, absolute_path(step.path, context).c_str(), depth, link);
    if (!tree) return std::unexpected(with_context(std::move(tree).error(), "mount source"));
    if (step.propagation != 0)
        TRY(tree->set_attributes({.propagation = step.propagation}, sys::Depth::Recursive));
    if (step.id_mapping) {
        const int user_namespace = context.slots[step.id_mapping->index].get();
        TRY(map_ids(*tree, user_namespace, step.recursive_id_mapping, step.path));
    }
    context.slots[step.slot.index] = (*std::move(tree)).take();
    return {};
}

Result<void> apply(const plan::SetPropagation& step, Context&) {
    return sys::set_mount_attributes(
        sys::kHere, "/", {.propagation = step.propagation & ~kRecursive}, sys::Depth::Recursive);
}

Result<void> apply(const plan::OpenRoot& step, Context& context) {
    auto done = open_root(step, context);
    if (!done)
        return std::unexpected(
            with_context(std::move(done).error(), concat("root ", quoted(step.path))));
    return done;
}

namespace {

Result<void> enter_root(const plan::ChangeRoot& step, Context& context) {
    if (::fchdir(context.root.fd()) < 0) return failed("change into the root");
    switch (step.how) {
        case plan::RootChange::Pivot:
            return sys::pivot_to_here();
        case plan::RootChange::Move:
            TRY(move_root(context));
            return change_directory_and_root();
        case plan::RootChange::Chroot:
            return change_directory_and_root();
    }
    return fail(ErrorKind::Internal, "unknown change of root");
}

}  // namespace

Result<void> apply(const plan::ChangeRoot& step, Context& context) {
    context.device_place = {};
    TRY(open_plain_root(context));
    TRY(enter_root(step, context));
    reopen_null_streams(context);
    return {};
}

Result<void> apply(const plan::MakeDirectory& step, Context& context) {
    auto made = context.root.ensure_directory(step.path.c_str());
    if (made) return {};
    return std::unexpected(with_context(std::move(made).error(), concat("directory ", step.path)));
}

Result<void> apply(const plan::SetMountReadonly& step, Context& context) {
    const auto mount = TRY(context.root.open(step.destination.c_str(), O_PATH));
    auto done = change_attributes(mount.get(), {.set = MOUNT_ATTR_RDONLY}, sys::Depth::Top);
    if (done) return done;
    return std::unexpected(
        with_context(std::move(done).error(), concat("make ", step.destination, " read-only")));
}

Result<void> apply(const plan::SetRootReadonly&, Context& context) {
    auto done = change_attributes(context.root.fd(), {.set = MOUNT_ATTR_RDONLY}, sys::Depth::Top);
    if (!done) return std::unexpected(with_context(std::move(done).error(), "read-only root"));
    return done;
}

Result<void> apply(const plan::SetRootPropagation& step, Context& context) {
    auto done = set_mount_propagation(context.root.fd(), step.propagation);
    if (!done) return std::unexpected(with_context(std::move(done).error(), "root propagation"));
    return done;
}

}  // namespace cleat::kernel

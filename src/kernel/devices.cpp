// Room: kernel. Device nodes, fifos and symlinks in the container's /dev. Runs in init, before the
// root is changed. Names are made in a directory that is held open and never followed: whatever the
// image has there, nothing is made or changed on the host (CVE-2026-41579, CVE-2026-88265).
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/tree.hpp"
#include "failed.hpp"

namespace cleat::kernel {
namespace {

constexpr mode_t kPermissions = 07777;
constexpr mode_t kPlaceMode = 0644;

/// What stat(2) says of the node that is wanted.
struct Node {
    mode_t type;
    dev_t number;  ///< 0 for a fifo

    [[nodiscard]] bool is(const struct ::stat& status) const noexcept {
        if ((status.st_mode & S_IFMT) != type) return false;
        return type == S_IFIFO || status.st_rdev == number;
    }
};

Result<Node> node_of(const plan::MakeDevice& step) {
    const dev_t number = ::makedev(step.major, step.minor);
    if (step.type == "c" || step.type == "u") return Node{.type = S_IFCHR, .number = number};
    if (step.type == "b") return Node{.type = S_IFBLK, .number = number};
    if (step.type == "p") return Node{.type = S_IFIFO, .number = 0};
    return fail(ErrorKind::InvalidConfig, concat("unknown type ", quoted(step.type)));
}

/// Only of what was made here: chown(2) of a node of the host would be seen by the host.
Result<void> give_to_owner(const sys::Place& place, const Node& node,
                           const plan::MakeDevice& step) {
    if (step.uid.value == 0 && step.gid.value == 0) return {};
    const auto made = TRY(place.open());
    if (!node.is(TRY(sys::stat_fd(made.get()))))
        return fail(ErrorKind::System, "replaced while it was made");
    if (::fchownat(made.get(), "", step.uid.value, step.gid.value, AT_EMPTY_PATH) < 0)
        return failed("set owner");
    // chown(2) takes set-id bits away, which mean nothing on a device.
    return {};
}

/// The host's node of that path, or the slot's: the very device or nothing.
Result<sys::Fd> open_host_node(const plan::MakeDevice& step, const Node& node, Context& context) {
    auto host = step.slot ? std::move(context.slots[step.slot->index])
                          : TRY(sys::open_at(sys::kHere, step.path.c_str(), O_PATH));
    if (!node.is(TRY(sys::stat_fd(host.get()))))
        return fail(ErrorKind::System, concat("the host's ", step.path, " is another device"));
    return host;
}

/// A bind covers an empty file, which an earlier container may have left behind, and nothing else.
Result<void> bind_node(const sys::Place& place, const Node& node, const plan::MakeDevice& step,
                       Context& context) {
    auto host = TRY(open_host_node(step, node, context));
    TRY(place.make_file(kPlaceMode));
    const auto target = TRY(place.open());
    const auto status = TRY(sys::stat_fd(target.get()));
    if (node.is(status)) return {};
    if (!S_ISREG(status.st_mode) || status.st_size != 0)
        return fail_errno("something else is there", EEXIST);
    const auto tree = step.slot ? sys::Tree::adopt(std::move(host))
                                : TRY(sys::Tree::clone(host.get(), "", sys::Depth::Top));
    TRY(tree.set_attributes({.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC}, sys::Depth::Top));
    return tree.attach_to(target.get());
}

/// A name that is taken already: the very node, or what bind_node() says.
Result<void> keep_existing(const sys::Place& place, const Node& node, const plan::MakeDevice& step,
                           Context& context) {
    if (node.is(TRY(place.status()))) return {};
    if (node.type == S_IFIFO) return fail_errno("something else is there", EEXIST);
    return bind_node(place, node, step, context);
}

/// Nodes and links follow each other, mostly in one directory, which stays open from one to the
/// next: nothing is mounted between them.
Result<const sys::Place*> place_of(const std::string& path, Context& context) {
    const std::string whole = normal_path(path);
    const auto slash = whole.rfind('/') + 1;
    std::string directory = whole.substr(0, slash);
    if (context.device_place.parent && context.device_directory == directory &&
        slash != whole.size()) {
        context.device_place.name = whole.substr(slash);
        return &context.device_place;
    }
    context.device_place = TRY(context.root.place(path.c_str()));
    context.device_directory = std::move(directory);
    return &context.device_place;
}

Result<void> make_device(const plan::MakeDevice& step, Context& context) {
    const Node node = TRY(node_of(step));
    const sys::Place& place = *TRY(place_of(step.path, context));
    if (step.source == plan::DeviceSource::BindHost && node.type != S_IFIFO)
        return bind_node(place, node, step, context);
    const auto made = place.make_node(node.type | (step.mode & kPermissions), node.number);
    if (made && *made == sys::Made::New) return give_to_owner(place, node, step);
    if (made) return keep_existing(place, node, step, context);
    if (made.error().errno_value != EPERM || node.type == S_IFIFO)
        return std::unexpected(made.error());
    return bind_node(place, node, step, context);
}

Result<void> make_symlink(const plan::MakeSymlink& step, Context& context) {
    const sys::Place& place = *TRY(place_of(step.path, context));
    if (TRY(place.make_symlink(step.target.c_str())) == sys::Made::New) return {};
    const auto status = TRY(place.status());
    // An image may bring nodes instead, such as a ptmx of its own.
    if (S_ISLNK(status.st_mode) || S_ISCHR(status.st_mode)) return {};
    return fail_errno("something else is there", EEXIST);
}

}  // namespace

Result<void> apply(const plan::MakeDevice& step, Context& context) {
    auto done = make_device(step, context);
    if (!done)
        return std::unexpected(
            with_context(std::move(done).error(), concat("device ", quoted(step.path))));
    return done;
}

Result<void> apply(const plan::MakeSymlink& step, Context& context) {
    auto done = make_symlink(step, context);
    if (!done)
        return std::unexpected(
            with_context(std::move(done).error(), concat("symlink ", quoted(step.path))));
    return done;
}

}  // namespace cleat::kernel

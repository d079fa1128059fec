// Room: lifecycle. The root of a container without a mount namespace.
#include "root_mount.hpp"

#include <fcntl.h>

#include <algorithm>
#include <string_view>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/tree.hpp"

namespace cleat::lifecycle {
namespace {

/// Whether a mount with this id is in the mount namespace (proc_pid_mountinfo(5), field 1).
Result<bool> is_mounted(std::uint64_t id) {
    const sys::Fd file = TRY(sys::open_at(sys::kHere, "/proc/self/mountinfo", O_RDONLY));
    const std::string text = TRY(sys::read_all(file.get()));
    const std::string start = concat(id, " ");
    return std::ranges::any_of(split(text, '\n'),
                               [&](std::string_view line) { return line.starts_with(start); });
}

}  // namespace

Result<store::KeptMount> mount_at_root(const plan::Plan& plan) {
    const auto* root = plan::root_on_host(plan);
    if (root == nullptr) return store::KeptMount{};
    const std::string path = TRY(sys::real_path(root->path));
    return store::KeptMount{.path = path, .id = TRY(sys::mount_id(path.c_str()))};
}

Result<void> unmount_root(const store::KeptMount& mount) {
    if (mount.path.empty()) return {};
    const auto top = sys::mount_id(mount.path.c_str());
    if (top && *top == mount.id) return sys::detach_mount(mount.path.c_str());
    if (!TRY(is_mounted(mount.id))) return {};
    return fail(ErrorKind::State,
                concat("the container's root at ", mount.path,
                       " is covered by another mount, which must be unmounted first"));
}

Result<void> uncover(const store::KeptMount& covered) {
    if (covered.path.empty()) return {};
    const auto top = sys::mount_id(covered.path.c_str());
    if (!top || *top == covered.id) return {};
    return sys::detach_mount(covered.path.c_str());
}

}  // namespace cleat::lifecycle

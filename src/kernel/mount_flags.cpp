// Room: kernel. The flags of mounts. Runs in init, before and after the root is changed.
#include "mount_flags.hpp"

#include <linux/mount.h>
#include <sys/statvfs.h>

#include <cerrno>

#include "cleat/base/text.hpp"

namespace cleat::kernel {
namespace {

constexpr std::uint64_t kAtime = MOUNT_ATTR__ATIME;

/// mount_setattr(2) wants the whole field of access times cleared when any of it changes.
AttributeChange complete(AttributeChange change) noexcept {
    if (((change.set | change.clear) & kAtime) != 0) change.clear |= kAtime;
    return change;
}

/// Without what would take away a flag that the mount has: the only thing that can be locked.
Result<AttributeChange> without_locked(int mount, AttributeChange change) {
    struct ::statvfs status{};
    if (::fstatvfs(mount, &status) < 0) return fail_errno("statvfs mount", errno);
    const auto keep_if = [&](unsigned long has, std::uint64_t attribute) {
        if ((status.f_flag & has) != 0) change.clear &= ~attribute;
    };
    keep_if(ST_RDONLY, MOUNT_ATTR_RDONLY);
    keep_if(ST_NOSUID, MOUNT_ATTR_NOSUID);
    keep_if(ST_NODEV, MOUNT_ATTR_NODEV);
    keep_if(ST_NOEXEC, MOUNT_ATTR_NOEXEC);
    keep_if(ST_NODIRATIME, MOUNT_ATTR_NODIRATIME);
    change.set &= ~kAtime;  // access times are locked as a whole
    change.clear &= ~kAtime;
    return change;
}

}  // namespace

std::uint64_t new_mount_attributes(const plan::MountFlags& flags) noexcept {
    return (flags.set & ~flags.recursive_clear) | flags.recursive_set;
}

Result<void> change_attributes(int mount, AttributeChange change, sys::Depth depth) {
    if (change.set == 0 && change.clear == 0) return {};
    change = complete(change);
    auto done =
        sys::set_mount_attributes(mount, "", {.set = change.set, .clear = change.clear}, depth);
    if (done || done.error().errno_value != EPERM || change.clear == 0) return done;
    change = TRY(without_locked(mount, change));
    return sys::set_mount_attributes(mount, "", {.set = change.set, .clear = change.clear}, depth);
}

Result<void> set_mount_flags(int mount, const plan::MountFlags& flags) {
    TRY(change_attributes(mount, {.set = flags.set, .clear = flags.clear}, sys::Depth::Top));
    return change_attributes(mount, {.set = flags.recursive_set, .clear = flags.recursive_clear},
                             sys::Depth::Recursive);
}

Result<void> map_ids(const sys::Tree& tree, int user_namespace, bool recursive,
                     const std::string& source) {
    auto done = tree.set_attributes({.user_namespace = user_namespace},
                                    recursive ? sys::Depth::Recursive : sys::Depth::Top);
    if (done) return done;
    return std::unexpected(
        with_context(std::move(done).error(), concat("idmapped mount of ", quoted(source))));
}

Result<void> set_mount_propagation(int mount, std::uint64_t propagation) {
    constexpr std::uint64_t kRecursive = MS_REC;
    const auto depth = (propagation & kRecursive) != 0 ? sys::Depth::Recursive : sys::Depth::Top;
    return sys::set_mount_attributes(mount, "", {.propagation = propagation & ~kRecursive}, depth);
}

Result<void> set_mount_propagation(int mount, const plan::MountFlags& flags) {
    for (const auto propagation : flags.propagation) TRY(set_mount_propagation(mount, propagation));
    return {};
}

}  // namespace cleat::kernel

// Room: kernel. The flags of a mount, detached or attached, by a descriptor of its root.
#pragma once

#include <cstdint>
#include <string>

#include "cleat/base/error.hpp"
#include "cleat/plan/steps.hpp"
#include "cleat/sys/tree.hpp"

namespace cleat::kernel {

/// What fsmount(2) takes for a new file system, which has nothing mounted below it.
[[nodiscard]] std::uint64_t new_mount_attributes(const plan::MountFlags& flags) noexcept;

/// Sets and clears MOUNT_ATTR_* on the mount, then (the r… options) on all below it, too. Flags
/// that are locked, because the mount came from a more privileged mount namespace
/// (mount_namespaces(7)), stay as they are: a container gets less than it asked for, as with
/// mount(8), and never more.
[[nodiscard]] Result<void> set_mount_flags(int mount, const plan::MountFlags& flags);

/// The same for one pair of masks.
struct AttributeChange {
    std::uint64_t set = 0;
    std::uint64_t clear = 0;
};
[[nodiscard]] Result<void> change_attributes(int mount, AttributeChange change, sys::Depth depth);

/// Idmaps a detached mount (and with `recursive` all below it) by a user namespace. `source` is for
/// the error.
[[nodiscard]] Result<void> map_ids(const sys::Tree& tree, int user_namespace, bool recursive,
                                   const std::string& source);

/// Sets propagation types one after the other; MS_REC is for all below, too.
[[nodiscard]] Result<void> set_mount_propagation(int mount, const plan::MountFlags& flags);
[[nodiscard]] Result<void> set_mount_propagation(int mount, std::uint64_t propagation);

}  // namespace cleat::kernel

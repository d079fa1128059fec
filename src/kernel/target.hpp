// Room: kernel. Where something is to be mounted in the container's root.
#pragma once

#include <sys/types.h>

#include <string>

#include "cleat/base/error.hpp"
#include "cleat/kernel/context.hpp"
#include "cleat/plan/steps.hpp"
#include "cleat/sys/fd.hpp"
#include "cleat/sys/tree.hpp"

namespace cleat::kernel {

enum class Shape { Directory, File };

[[nodiscard]] Shape shape_of(mode_t mode) noexcept;

/// An O_PATH descriptor of the place: from here on no path is looked up any more.
struct Target {
    sys::Fd fd;
    mode_t mode = 0;       ///< of what was there
    bool existed = true;   ///< false: made for the mount
    bool is_bare = false;  ///< an empty directory of root's with mode 0755, as runtimes make them
    std::string path;      ///< where it really is, in the container
};

/// Opens the destination, symlinks followed inside the root, or makes it in the shape of what will
/// be mounted. /proc and /sys must not be symlinks (CVE-2019-19921, CVE-2023-27561). A symlink
/// that is kept is the target itself; those of the kernel's own file systems cannot be.
[[nodiscard]] Result<Target> open_target(const Context& context, const std::string& destination,
                                         Shape shape, sys::LastLink link = sys::LastLink::Followed);

/// What is about to be mounted, as far as the rules about /proc go.
enum class Content { ProcRoot, SameProcFile, Other };

/// Over /proc only a procfs may be mounted, and below it only what lxcfs and engines are known to
/// put there: everything else could fool whoever trusts these files (CVE-2019-16884,
/// CVE-2025-52881).
[[nodiscard]] Result<void> check_proc_rules(const Target& target, Content content);

/// Attaches, then sets propagation. A mount over the root itself becomes the root of all later
/// steps.
[[nodiscard]] Result<void> attach(Context& context, const sys::Tree& tree, const Target& target,
                                  const plan::MountFlags& flags);

}  // namespace cleat::kernel

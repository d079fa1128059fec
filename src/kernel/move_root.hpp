// Room: kernel. The root changed without pivot_root(2).
#pragma once

#include "cleat/base/error.hpp"
#include "cleat/kernel/context.hpp"

namespace cleat::kernel {

/// Moves the root's mount over "/" (--no-pivot, for a host root that is a ramfs). Every procfs and
/// sysfs of the host is taken away before: the old root stays below, and the kernel lets a user
/// namespace that sees a whole procfs or sysfs mount a new one, free of masks.
[[nodiscard]] Result<void> move_root(Context& context);

}  // namespace cleat::kernel

// Room: kernel. The one device that is looked for by what it is.
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cleat/kernel/context.hpp"

namespace cleat::kernel {

/// Char 1:3 (Documentation/admin-guide/devices.txt).
inline const dev_t kNullDevice = makedev(1, 3);
[[nodiscard]] bool is_null(const struct ::stat& status) noexcept;

/// Standard streams that lead to a /dev/null lead to the container's from here on: no descriptor
/// holds a mount of the host's, which a checkpoint would look for in vain. Without one they stay.
void reopen_null_streams(const Context& context) noexcept;

}  // namespace cleat::kernel

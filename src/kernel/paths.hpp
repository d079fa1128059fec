// Room: kernel. Paths of the host as config.json has them.
#pragma once

#include <string>

#include "cleat/kernel/context.hpp"

namespace cleat::kernel {

/// Relative paths of the host begin in the bundle (config.md#mounts).
[[nodiscard]] std::string absolute_path(const std::string& path, const Context& context);

}  // namespace cleat::kernel

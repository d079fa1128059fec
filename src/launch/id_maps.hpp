// Room: launch. The maps of a new user namespace.
#pragma once

#include <sys/types.h>

#include "cleat/base/error.hpp"
#include "cleat/plan/steps.hpp"

namespace cleat::launch {

/// Writes uid_map and gid_map of process `pid` (user_namespaces(7)): directly, or through
/// newuidmap(1) and newgidmap(1) where the caller may map only itself.
[[nodiscard]] Result<void> write_id_maps(const plan::WriteIdMaps& step, pid_t pid);

}  // namespace cleat::launch

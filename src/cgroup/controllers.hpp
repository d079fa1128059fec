// Room: cgroup. Controllers of the unified hierarchy: enabled level by level, from the root down.
#pragma once

#include <string>
#include <string_view>

#include "cleat/plan/plan.hpp"

namespace cleat::cgroup {

/// Enables directory.controllers in the cgroup.subtree_control of every level above, as far as the
/// kernel lets it. What could not be enabled shows when a file of that controller is written.
void enable_controllers(const plan::CgroupDirectory& directory);

/// Whether a unified directory has the controller's files.
[[nodiscard]] bool has_unified_controller(const std::string& path, std::string_view controller);

/// Why a unified directory has no such controller: ": processes in /sys/fs/cgroup/a keep it from
/// being enabled", or "".
[[nodiscard]] std::string why_not_enabled(const plan::CgroupDirectory& directory,
                                          std::string_view controller);

}  // namespace cleat::cgroup

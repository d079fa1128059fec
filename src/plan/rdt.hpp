// Room: plan. /linux/intelRdt (config-linux.md#intelrdt).
#pragma once

#include "container.hpp"

namespace cleat::plan {

/// Host, before the clone: the groups are there, and have their schemata. Errors: Unsupported if no
/// resctrl file system is mounted.
[[nodiscard]] Result<Steps> rdt_steps(const Container& container);
/// Host, after the clone: the child is in the groups before it does anything.
[[nodiscard]] Steps join_rdt(const RdtPlace& rdt);

}  // namespace cleat::plan

// Room: plan. The container's control groups, made and limited before there is a process to put in.
#pragma once

#include "cleat/base/error.hpp"
#include "container.hpp"

namespace cleat::plan {

/// Host: cgroups, device rules, limits. Errors name the property of /linux/resources.
[[nodiscard]] Result<Steps> confine(const Container& container);
/// Init: into them, where it was not born there.
[[nodiscard]] Steps join_cgroups(const Container& container);
/// Init: from there into the one that an annotation asks for below it.
[[nodiscard]] Steps enter_subgroup(const Container& container);

}  // namespace cleat::plan

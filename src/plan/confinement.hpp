// Room: plan. The container's control groups, made and limited before a process is in them.
#pragma once

#include "cleat/base/error.hpp"
#include "container.hpp"

namespace cleat::plan {

/// Host: cgroups, device rules, limits. What init is born in is made before the clone. What it
/// joins by itself can be made while it gets going, which takes as long; then it waits for that.
struct Confinement {
    Steps before;
    Steps beside;
};
/// Errors name the property of /linux/resources.
[[nodiscard]] Result<Confinement> confine(const Container& container);
/// Init: into them, where it was not born there.
[[nodiscard]] Steps join_cgroups(const Container& container);
/// Init: from there into the one that an annotation asks for below it.
[[nodiscard]] Steps enter_subgroup(const Container& container);

}  // namespace cleat::plan

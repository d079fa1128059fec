// Room: launch (layer 3). Mounts in a container that runs: by a process that is in its namespaces
// for as long as that takes.
#pragma once

#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/plan/plan.hpp"
#include "cleat/sys/process.hpp"

namespace cleat::launch {

/// Carries out a plan of plan::compile_mounts(). When a mount fails, those before it are taken
/// back.
[[nodiscard]] Result<void> add_mounts(const plan::Plan& plan,
                                      const sys::ProcessIdentity& container_init);

/// Enters as the plan does, and takes off the topmost mount at each destination. All are looked up
/// first: if there is none at one of them, all stay. Errors name the destination by its place
/// ("/2").
[[nodiscard]] Result<void> remove_mounts(const plan::Plan& plan,
                                         const sys::ProcessIdentity& container_init,
                                         const std::vector<std::string>& destinations);

}  // namespace cleat::launch

// Room: conformance. The process of one case.
#pragma once

#include <string>
#include <vector>

#include "cleat/base/error.hpp"

namespace cleat::conformance {

/// ID RUNTIME DIRECTORY PROBE NAME LIMIT SPEC FEATURES: plays the case, prints what came of it.
[[nodiscard]] int work(const std::vector<std::string>& words);

/// Makes a mount namespace of its own for root, in which all mounts are shared, as a distribution's
/// are, and another /dev/null.
[[nodiscard]] Result<void> enter_own_mounts(const std::string& directory);

/// "hold NAMESPACE…": stays in new namespaces, for containers to join.
[[nodiscard]] int hold(const std::vector<std::string>& names);

}  // namespace cleat::conformance

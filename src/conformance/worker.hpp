// Room: conformance. The process of one case.
#pragma once

#include <string>
#include <vector>

namespace cleat::conformance {

/// ID RUNTIME DIRECTORY PROBE NAME LIMIT SPEC FEATURES: plays the case, prints what came of it.
[[nodiscard]] int work(const std::vector<std::string>& words);

/// "hold NAMESPACE…": stays in new namespaces, for containers to join.
[[nodiscard]] int hold(const std::vector<std::string>& names);

}  // namespace cleat::conformance

// Room: cli. Patterns for container ids (`kill --regex`, `delete --regex`).
#pragma once

#include <string>
#include <vector>

#include "cleat/base/error.hpp"

namespace cleat::cli {

/// The names in which the POSIX extended regular expression (regex(7)) is found.
/// Errors: InvalidArgument for a pattern that is none.
[[nodiscard]] Result<std::vector<std::string>> matching(const std::vector<std::string>& names,
                                                        const std::string& pattern);

}  // namespace cleat::cli

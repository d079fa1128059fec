// Room: conformance. The smallest configuration that still shows a difference.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "diff_compare.hpp"
#include "diff_run.hpp"

namespace cleat::conformance {

/// A configuration and the differences that it shows.
struct Found {
    std::vector<Chosen> choices;
    std::vector<Difference> differences;
    Value config;
    std::vector<std::string> errors;  ///< what each runtime wrote, if it refused
};

/// Runs a configuration under all runtimes.
[[nodiscard]] Result<Found> compare(Runner& runner, const std::vector<Chosen>& choices);

/// The facts whose difference is not explained.
[[nodiscard]] std::set<std::string> unexplained(const Found& found);

/// Drops one choice after another while one of the `wanted` facts is still an unexplained
/// difference.
[[nodiscard]] Result<Found> shrink(Runner& runner, Found found,
                                   const std::set<std::string>& wanted);

}  // namespace cleat::conformance

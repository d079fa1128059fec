// Room: conformance. Reports of the differential mode without what differs from run to run.
#pragma once

#include <optional>
#include <string>

#include "diff_look.hpp"
#include "stage.hpp"
#include "value.hpp"

namespace cleat::conformance {

/// What the probe printed: acts by name, namespaces as labels.
[[nodiscard]] Value inside_facts(const Value& printed, std::string_view acts,
                                 const Baseline& before);
/// What a state document says that config.json decides.
[[nodiscard]] Value state_facts(const std::optional<Value>& state);
/// The lines of the log of hooks.
[[nodiscard]] Value hook_facts(const std::string& log, const Baseline& before);

/// The text with the directory, the id and kernel's numbers of this run replaced by names.
[[nodiscard]] std::string normalized(std::string report, const Stage& stage);

}  // namespace cleat::conformance

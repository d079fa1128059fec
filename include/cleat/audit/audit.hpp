// Room: audit (layer 6). What of a lawful config.json weakens the isolation of its container:
// where, why, and what to write instead. The document is read, and of the host the owners and modes
// of files that it names; nothing is made or changed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/validate/validate.hpp"

namespace cleat::audit {

/// Critical: who runs in the container has the host. High: one step or one fault of the kernel
/// more. Medium: a line of defence is missing. Low: what a careful configuration has beside that.
enum class Risk { Low, Medium, High, Critical };
[[nodiscard]] std::string_view name_of(Risk risk) noexcept;
[[nodiscard]] std::optional<Risk> risk_of(std::string_view name) noexcept;

/// Every rule with the score that it has at its worst; a finding may be less.
[[nodiscard]] std::span<const validate::RuleText> rules() noexcept;

/// The findings in the order of the document, without those of the `accepted` rules. Errors:
/// InvalidConfig, with the places, for what no container can be made of.
[[nodiscard]] Result<validate::Report> audit(const validate::Document& document,
                                             const std::vector<std::string>& accepted);

/// The worst risk of all; nothing if there is no finding.
[[nodiscard]] std::optional<Risk> worst(const std::vector<validate::Report>& reports);

}  // namespace cleat::audit

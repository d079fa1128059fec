// Room: validate. One function for each form of output that is JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cleat/validate/validate.hpp"

namespace cleat::validate {

struct Counts {
    std::size_t errors = 0;
    std::size_t warnings = 0;
};
[[nodiscard]] Counts count(const std::vector<Report>& reports);

[[nodiscard]] std::string render_json(const std::vector<Report>& reports);
/// SARIF 2.1.0, the interchange format of static analysis (OASIS).
[[nodiscard]] std::string render_sarif(const std::vector<Report>& reports, const Judge& judge);

/// "error", "warning", or the finding's own word.
[[nodiscard]] std::string_view level_of(const Finding& finding) noexcept;
/// What a finding that has no severity to speak of is called elsewhere.
[[nodiscard]] bool is_note(const Finding& finding) noexcept;

}  // namespace cleat::validate

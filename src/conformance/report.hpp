// Room: conformance. What came of all cases, as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "verdict.hpp"

namespace cleat::conformance {

[[nodiscard]] std::string tap(const std::vector<Judged>& runtimes, const std::vector<Row>& rows);
[[nodiscard]] std::string junit(const std::vector<Judged>& runtimes, const std::vector<Row>& rows);
/// One page without any other file: cases by subject, a column for each runtime.
[[nodiscard]] std::string html(const std::vector<Judged>& runtimes, const std::vector<Row>& rows);

/// As text of XML or HTML.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace cleat::conformance

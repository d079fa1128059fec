// Room: conformance. What a script expects of the facts that are seen.
#pragma once

#include <string_view>

#include "stage.hpp"

namespace cleat::conformance {

/// "PATH OPERATOR [VALUE]": = != < <= > >= has lacks in like exists absent. A value is JSON, or
/// else a text; `has` is of an array's elements, an object's members or a part of a text.
/// Whether a statement is one: its second word is an operator.
[[nodiscard]] bool is_expectation(std::string_view statement);
[[nodiscard]] Outcome expect(const Value& seen, std::string_view statement);

}  // namespace cleat::conformance

// Room: conformance. Differences between runtimes that are explained, as data.
#pragma once

#include <span>
#include <string_view>

#include "value.hpp"

namespace cleat::conformance {

/// A difference that is explained. `runtime` is the one that differs from the others, by the
/// beginning of its name, or "judged". `when` has conditions on config.json, all of which hold:
/// "a/b" is there, "!a/b" is not, "a/b~TEXT" has a text in it. `fact` is a path in the report, in
/// which "*" is any text. `value` is a part of that runtime's value, or "".
struct Explained {
    const char* name;
    const char* runtime;
    const char* when;
    const char* fact;
    const char* value;
    const char* reason;
    const char* clause;
};

[[nodiscard]] std::span<const Explained> explained_differences() noexcept;

/// Whether a text is like a pattern with "*".
[[nodiscard]] bool is_like(std::string_view text, std::string_view pattern);
/// Whether a config.json meets the conditions of `when`.
[[nodiscard]] bool holds(std::string_view when, const Value& config);

}  // namespace cleat::conformance

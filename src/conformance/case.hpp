// Room: conformance. A case as data.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cleat::conformance {

/// What the clause demands; a broken SHOULD is reported, and is no failure of the whole.
enum class Level { Must, Should };
[[nodiscard]] std::string_view name_of(Level level) noexcept;

/// One thing that a runtime has to do. The words of `needs` are in needs.hpp; `patch` goes on top
/// of the default config.json (merge() in value.hpp); `acts` are given to the probe, which is the
/// container's program; `script` is what is done and expected (script.hpp).
struct Case {
    const char* id;
    const char* title;
    const char* clause;
    Level level;
    const char* needs;
    const char* patch;
    const char* acts;
    const char* script;
};

/// The cases of one subject, and the suite that they belong to.
struct Subject {
    std::string_view suite;
    std::string_view title;
    std::span<const Case> cases;
};

/// All subjects, in the order in which they are reported.
[[nodiscard]] std::span<const Subject> subjects() noexcept;

[[nodiscard]] const Case* find_case(std::string_view id) noexcept;

}  // namespace cleat::conformance

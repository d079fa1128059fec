// Room: conformance. The scripts of cases: one statement a line or between semicolons.
//
// A statement is a verb with words (the tables in verbs_*.cpp), or an expectation about what was
// seen last (expect.hpp). Before a verb that calls the runtime, "!" says that it has to fail, and
// "?" that it may; "~" says that the runtime may refuse ("Valid values" in config.md: which of the
// valid ones it supports is its choice): then nothing may be left, and the case is over. "v1:" and
// "v2:" before a statement: only where the controllers are of that version; "root:" only for root.
#pragma once

#include <span>
#include <string_view>

#include "stage.hpp"

namespace cleat::conformance {

enum class Wanted { Success, Failure, Any };

/// What follows the verb.
struct Statement {
    Wanted wanted = Wanted::Success;
    std::string_view verb;
    std::string_view raw;  ///< as it stands in the script
    std::string rest;      ///< variables filled in
    std::vector<std::string> words;
};

struct Verb {
    std::string_view name;
    Outcome (*body)(Stage& stage, const Statement& statement);
};

[[nodiscard]] std::span<const Verb> runtime_verbs() noexcept;
[[nodiscard]] std::span<const Verb> host_verbs() noexcept;
[[nodiscard]] std::span<const Verb> socket_verbs() noexcept;
[[nodiscard]] std::span<const Verb> faults_verbs() noexcept;

/// Does one statement.
[[nodiscard]] Outcome perform(Stage& stage, std::string_view statement);
/// The whole script, until something is wrong.
[[nodiscard]] Outcome play(Stage& stage, std::string_view script);

/// Looks again and again, until something is there or time is up.
template <class Look>
[[nodiscard]] bool eventually(Stage& stage, Look look) {
    constexpr std::chrono::milliseconds kPause{4};
    const auto end = std::chrono::steady_clock::now() + stage.limit;
    while (!look()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        static_cast<void>(stage.children.wait(0, kPause));
    }
    return true;
}

/// The container's state document, or nothing.
[[nodiscard]] std::optional<Value> state_of(Stage& stage, const std::string& id);

/// Ends what the script left running in the regular way, and looks whether anything is left over.
[[nodiscard]] Outcome leave(Stage& stage);

}  // namespace cleat::conformance

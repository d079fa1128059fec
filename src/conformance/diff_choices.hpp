// Room: conformance. The choices of the differential mode: each changes config.json in one place,
// or the way in which the runtime is called. A configuration is the default config.json with some
// of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "needs.hpp"

namespace cleat::conformance {

/// One choice as data. Of the choices whose names are equal up to "/", a configuration has one at
/// most. `needs` is as in needs.hpp. `patch` goes on top of config.json (merge() in value.hpp);
/// in it and in `run`, `<a|b>` is one alternative, `<+a|b|c>` some of them, separated by commas,
/// and `<#1-9>` a number. `run` has words for the call: "run" (instead of create and start),
/// "exec" (a second process), "signal:NAME" (ends the container), "under:CONDITION" (part.hpp).
struct Choice {
    const char* name;
    unsigned weight;
    const char* needs;
    const char* patch;
    const char* run = "";
};

[[nodiscard]] std::span<const Choice> process_choices() noexcept;
[[nodiscard]] std::span<const Choice> mount_choices() noexcept;
[[nodiscard]] std::span<const Choice> namespace_choices() noexcept;
[[nodiscard]] std::span<const Choice> linux_choices() noexcept;
[[nodiscard]] std::span<const Choice> resource_choices() noexcept;

/// Random numbers that depend on the seed only, on every machine (SplitMix64).
class Random {
 public:
    explicit Random(std::uint64_t seed) noexcept : state_(seed) {}
    /// Returns a number from 0 to `count` - 1.
    [[nodiscard]] std::size_t below(std::size_t count) noexcept;

 private:
    std::uint64_t state_;
};

/// A choice whose alternatives are decided.
struct Chosen {
    std::string name;
    std::string patch;
    std::string run;
};

/// Decides the alternatives of a text.
[[nodiscard]] std::string decided(std::string_view pattern, Random& random);

/// The choices that this host can run.
[[nodiscard]] std::vector<const Choice*> possible_choices(const Circumstances& known);

/// Two to eight choices, in the order of the tables.
[[nodiscard]] std::vector<Chosen> choose(const std::vector<const Choice*>& from, Random& random);

}  // namespace cleat::conformance

// Room: plan. What every part of the compiler sees: what is asked for, where it shall run, and the
// plan as far as it has come.
#pragma once

#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cleat/plan/plan.hpp"
#include "cleat/spec/annotations.hpp"
#include "namespaces.hpp"
#include "numbers.hpp"

namespace cleat::plan {

/// A group of steps on their way into a list of the plan.
class Steps {
 public:
    /// `origin` is the JSON pointer of the property that asks for the step, "" if none does.
    void add(Action action, std::string origin = "") {
        steps_.push_back({.action = std::move(action), .origin = std::move(origin)});
    }
    void operator+=(Steps group) {
        steps_.insert(steps_.end(), std::make_move_iterator(group.steps_.begin()),
                      std::make_move_iterator(group.steps_.end()));
    }
    [[nodiscard]] std::vector<Step> take() && noexcept { return std::move(steps_); }
    [[nodiscard]] const std::vector<Step>& view() const noexcept { return steps_; }

 private:
    std::vector<Step> steps_;
};

struct Container {
    const spec::Spec& spec;
    const HostFacts& facts;
    const Options& options;
    const spec::Annotations& annotations;
    Namespaces namespaces;
    std::optional<Slot> hook_output = {};  ///< opened by the host, if asked for
    std::optional<Slot> hook_errors = {};
    std::optional<Slot> subgroup = {};  ///< made by the host, if asked for
    Plan& plan;                         ///< gives slots, holds the cgroups' places, takes warnings

    /// A container that is never started may be without (config.md#process).
    [[nodiscard]] const spec::Process& process() const {
        static const spec::Process none{};
        return spec.process ? *spec.process : none;
    }
    [[nodiscard]] Slot take_slot() const { return Slot{plan.slots++}; }
    void warn(std::string pointer, std::string message) const {
        plan.warnings.push_back({.severity = spec::Severity::Warning,
                                 .pointer = std::move(pointer),
                                 .message = std::move(message),
                                 .position = {}});
    }
};

[[nodiscard]] constexpr bool has_capability(std::uint64_t set, int capability) noexcept {
    return (set >> static_cast<unsigned>(capability) & 1U) != 0;
}

/// An Error about one property.
[[nodiscard]] inline std::unexpected<Error> refuse(ErrorKind kind, std::string pointer,
                                                   std::string what) {
    return std::unexpected(
        Error{.kind = kind, .what = std::move(what), .pointer = std::move(pointer)});
}

}  // namespace cleat::plan

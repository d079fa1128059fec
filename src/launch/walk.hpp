// Room: launch. The walk through one list of a plan, the same in every process.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/kernel/context.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/plan/plan.hpp"
#include "cleat/sys/trace.hpp"

namespace cleat::launch {

/// The first step of a kind.
template <class Step>
[[nodiscard]] const Step* find_step(const std::vector<plan::Step>& steps) {
    for (const auto& step : steps)
        if (const auto* found = std::get_if<Step>(&step.action)) return found;
    return nullptr;
}

/// What of config.json the first step of a kind is for.
template <class Kind>
[[nodiscard]] std::string origin_of(const std::vector<plan::Step>& steps) {
    for (const auto& step : steps)
        if (std::holds_alternative<Kind>(step.action)) return step.origin;
    return {};
}

template <class... Kinds>
[[nodiscard]] bool has_step(const std::vector<plan::Step>& steps) {
    return std::ranges::any_of(steps, [](const plan::Step& step) {
        return (std::holds_alternative<Kinds>(step.action) || ...);
    });
}

[[nodiscard]] inline bool awaits(const std::vector<plan::Step>& steps, plan::Gate gate) {
    return std::ranges::any_of(steps, [gate](const plan::Step& step) {
        const auto* await = std::get_if<plan::Await>(&step.action);
        return await != nullptr && await->gate == gate;
    });
}

/// Whose list it is, and where it is told how long each step took.
struct Walker {
    sys::Trace trace = {};
    std::string_view process = "host";
};

/// Applies the steps in order; the first error ends it, with the step's origin as its pointer.
template <class Hands>
[[nodiscard]] Result<void> walk(const std::vector<plan::Step>& steps, Hands& hands,
                                const Walker& walker = {}) {
    sys::Trace trace = walker.trace;
    for (const auto& step : steps) {
        // The filter may not allow to write.
        if (std::holds_alternative<plan::LoadSeccomp>(step.action)) trace = {};
        const sys::Span span(trace, walker.process, plan::kind_of(step.action), step.origin);
        auto done = std::visit(hands, step.action);
        if (done) continue;
        Error error = std::move(done).error();
        if (error.pointer.empty()) error.pointer = step.origin;
        return std::unexpected(std::move(error));
    }
    return {};
}

/// Where the host has opened files for what hooks write.
[[nodiscard]] inline HookStreams streams_of(const plan::RunHooks& step,
                                            const kernel::Context& context) {
    const auto descriptor = [&context](const std::optional<plan::Slot>& slot) {
        return slot ? context.slots.at(slot->index).get() : -1;
    };
    return {.output = descriptor(step.output), .errors = descriptor(step.errors)};
}

}  // namespace cleat::launch

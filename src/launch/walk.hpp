// Room: launch. The walk through one list of a plan, the same in every process.
#pragma once

#include <optional>
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

/// Whose list it is, and where it is told how long each step took.
struct Walker {
    const sys::Trace& trace;
    std::string_view process;
};

/// Applies the steps in order; the first error ends it, with the step's origin as its pointer.
template <class Hands>
[[nodiscard]] Result<void> walk(const std::vector<plan::Step>& steps, Hands& hands,
                                const Walker& walker) {
    for (const auto& step : steps) {
        const sys::Span span(walker.trace, walker.process, plan::kind_of(step.action), step.origin);
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

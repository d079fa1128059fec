// Room: plan. What this host or this build cannot do at all.
#pragma once

#include "cleat/base/error.hpp"
#include "cleat/plan/plan.hpp"

namespace cleat::plan {

/// Errors: InvalidConfig for what a container cannot be without, Unsupported for what cannot be
/// had; both name the property. Nothing that is asked for is left out in silence.
[[nodiscard]] Result<void> refuse_what_cannot_be(const spec::Spec& spec, const HostFacts& facts,
                                                 Options::Begin begin);
[[nodiscard]] Result<void> refuse_in_process(const spec::Process& process, const HostFacts& facts);

}  // namespace cleat::plan

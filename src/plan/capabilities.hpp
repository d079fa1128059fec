// Room: plan. Names of capabilities to the kernel's sets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/plan/plan.hpp"

namespace cleat::plan {

struct CapabilitySets {
    std::uint64_t bounding = 0;
    SetCapabilities sets;
};

/// What can be granted of `wanted`; the rest is left out with a warning each, as the specification
/// asks for (config.md#linux-process). `available` are the bits that the process can have;
/// warnings point below `pointer` ("/process/capabilities").
[[nodiscard]] CapabilitySets grant_capabilities(const spec::Capabilities& wanted,
                                                std::uint64_t available, std::string_view pointer,
                                                std::vector<spec::Problem>& warnings);

/// All that a kernel with this last capability knows.
[[nodiscard]] std::uint64_t all_capabilities(int last) noexcept;

/// "CAP_CHOWN CAP_KILL", or "none".
[[nodiscard]] std::string capability_names(std::uint64_t set);

}  // namespace cleat::plan

// Room: host. The pure halves of the probe, apart so that tests can feed them texts.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/plan/facts.hpp"

namespace cleat::host {

struct KernelVersion {
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
};

/// The version in a release text of uname(2), "6.1.0-18-amd64"; refuses what is below 5.14.
[[nodiscard]] Result<KernelVersion> parse_kernel_release(std::string_view release);

[[nodiscard]] plan::CgroupMode mode_of(const std::vector<plan::CgroupHierarchy>& hierarchies);

}  // namespace cleat::host

// Room: plan. Where the container's control groups are: on the host, and in the container's view.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cleat/base/error.hpp"
#include "container.hpp"

namespace cleat::plan {

/// One directory per hierarchy, or none at all (Plan::cgroups). Errors name /linux/cgroupsPath.
[[nodiscard]] Result<std::vector<CgroupDirectory>> place_cgroups(const Container& container);

/// The cgroup v2 that a process can be born in.
[[nodiscard]] std::optional<std::uint16_t> unified_index(
    const std::vector<CgroupDirectory>& cgroups) noexcept;
/// Whether there is a cgroup v1 that a process must join by itself.
[[nodiscard]] bool has_v1(const std::vector<CgroupDirectory>& cgroups) noexcept;

enum class CgroupMount { AsOnHost, Unified };
/// What a mount of type cgroup or cgroup2 shows; destination and flags are the caller's.
[[nodiscard]] Result<MountCgroups> cgroup_view(const Container& container, CgroupMount kind);

}  // namespace cleat::plan

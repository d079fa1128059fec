// Room: cgroup. The v1 cpuset controller starts with nothing in it.
#pragma once

#include "cleat/base/error.hpp"
#include "cleat/cgroup/cgroup.hpp"

namespace cleat::cgroup {

/// Gives a v1 cpuset cgroup and its parents that have no cpus or mems those of their parents: a
/// process cannot join one without (ENOSPC, cpusets(7)). One just `made` has none.
[[nodiscard]] Result<void> fill_cpuset(const plan::CgroupDirectory& directory, Made made);

}  // namespace cleat::cgroup

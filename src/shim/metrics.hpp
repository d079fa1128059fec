// Room: shim. What a container uses, in containerd's words (containerd/cgroups, cgroup1 and cgroup2
// stats/metrics.proto). Pure.
#pragma once

#include "cleat/base/protobuf.hpp"
#include "cleat/cgroup/stats.hpp"

namespace cleat::shim {

using protobuf::Reader;
using protobuf::Writer;

enum class CgroupVersion { One, Two };
/// google.protobuf.Any of a Metrics.
[[nodiscard]] Writer encode_metrics(const cgroup::Stats& stats, CgroupVersion version);

}  // namespace cleat::shim

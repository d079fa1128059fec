// Room: cli. What containers use, in each form of `stats`.
#pragma once

#include <string>
#include <vector>

#include "cleat/cgroup/stats.hpp"

namespace cleat::cli {

struct Usage {
    std::string id;
    cgroup::Stats stats;
};

/// ID CPU MEMORY LIMIT PIDS READ WRITTEN.
[[nodiscard]] std::string stats_table(const std::vector<Usage>& usages);
/// The events of `events --stats` as one array on one line.
[[nodiscard]] std::string stats_array(const std::vector<Usage>& usages);
/// Prometheus' text format 0.0.4: each family once, with the containers as labels.
[[nodiscard]] std::string prometheus(const std::vector<Usage>& usages);

}  // namespace cleat::cli

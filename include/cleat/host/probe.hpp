// Room: host (layer 2). Looks at the machine once, in the host process.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/plan/facts.hpp"

namespace cleat::host {

/// Reads /proc/self/{mountinfo,cgroup,status,uid_map}, uname(2) and the LSM's files. Refuses a
/// kernel below 5.14 (Unsupported), with one clear line.
[[nodiscard]] Result<plan::HostFacts> probe();

/// The cgroup hierarchies from the texts of /proc/self/mountinfo and /proc/self/cgroup (pure).
[[nodiscard]] std::vector<plan::CgroupHierarchy> parse_hierarchies(std::string_view mountinfo,
                                                                   std::string_view cgroup);

/// Where a resctrl file system is mounted as a whole, "" if nowhere (pure).
[[nodiscard]] std::string parse_resctrl(std::string_view mountinfo);

}  // namespace cleat::host

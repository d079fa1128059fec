// Room: cgroup. Giving a cgroup of v2 away.
#pragma once

#include <string>
#include <vector>

namespace cleat::cgroup {

/// The files of a cgroup that go with it, by the kernel's list (/sys/kernel/cgroup/delegate); where
/// there is none, those that the specification names (config-linux.md#cgroup-ownership).
[[nodiscard]] std::vector<std::string> delegated_files(const std::string& list);

}  // namespace cleat::cgroup

// Room: conformance. What the host shows of a container, for the differential mode.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "stage.hpp"
#include "value.hpp"

namespace cleat::conformance {

/// What is there before the container: mountinfo, the namespaces of this process and of the process
/// whose namespaces are joined (0: none).
struct Baseline {
    std::string mountinfo;
    Value namespaces = object();
    Value held = object();
    pid_t holder = 0;
};
[[nodiscard]] Baseline baseline_of(pid_t holder);

/// The mounts of a mountinfo: flags, types, sources, roots and propagation by destination, and
/// their order. A peer group is "host" if the baseline has it, and a number of its own otherwise.
[[nodiscard]] Value mounts_of(std::string_view mountinfo, const Baseline& before);

/// "host", "joined" or "new" for each namespace of a list from namespaces_of().
[[nodiscard]] Value namespace_labels(const Value& namespaces, const Baseline& before);

/// The container's first process as /proc shows it, its mounts, its /dev and its cgroups.
[[nodiscard]] Value look_outside(pid_t pid, const Baseline& before);

/// The files below a directory: type, mode, owner, device numbers, target.
[[nodiscard]] Value tree_of(const std::string& directory, int depth);

/// The cgroup of a process in the hierarchy with `controller`, or in that of v2; "" if none.
[[nodiscard]] std::string cgroup_of(pid_t pid, std::string_view controller);

/// What is left after delete: processes, mounts, cgroups, state and files of the root file system.
[[nodiscard]] Value look_left(Stage& stage, const Baseline& before,
                              const std::vector<std::string>& cgroups);

}  // namespace cleat::conformance

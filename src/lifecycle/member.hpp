// Room: lifecycle. The process that `exec` starts: a process document, or the container's own
// process with changes.
#pragma once

#include <string>
#include <string_view>

#include "cleat/base/error.hpp"
#include "cleat/cgroup/cgroup.hpp"
#include "cleat/lifecycle/lifecycle.hpp"
#include "cleat/spec/config.hpp"

namespace cleat::lifecycle {

/// `base` (the container's own process) as the options change it.
[[nodiscard]] Result<spec::Process> changed_process(spec::Process base, const ExecOptions& options);

/// "NAME=value" put into `env`, in the place of an older value if there is one.
void set_env(std::vector<std::string>& env, std::string_view entry);

/// The container's cgroups with the choices ("[CONTROLLER[,…]:]PATH") applied. A PATH that leads
/// above the container's cgroup is an error (InvalidArgument).
[[nodiscard]] Result<cgroup::Directories> chosen_cgroups(cgroup::Directories own,
                                                         const std::vector<std::string>& choices);

/// The container's cgroups; init's cgroup in each hierarchy where the container's has been removed.
[[nodiscard]] Result<cgroup::Directories> present_cgroups(
    cgroup::Directories own, const std::vector<plan::CgroupHierarchy>& hierarchies, pid_t init);

}  // namespace cleat::lifecycle

// Room: lifecycle. `ps`. Runs in the host process.
#include "container.hpp"

namespace cleat::lifecycle {

Result<std::vector<pid_t>> processes(const Settings& settings, const ContainerId& id) {
    const auto container = TRY(open_container(settings, id));
    const auto directories = directories_of(container.state.cgroups);
    if (!directories.empty()) return cgroup::processes(directories);
    if (TRY(status_of(container)) == Status::Stopped) return std::vector<pid_t>{};
    return std::vector<pid_t>{container.state.init.pid};
}

}  // namespace cleat::lifecycle

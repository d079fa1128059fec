// Room: lifecycle. `kill`. Runs in the host process.
#include <csignal>
#include <utility>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/sys/process.hpp"
#include "container.hpp"

namespace cleat::lifecycle {
namespace {

constexpr std::chrono::milliseconds kThawLimit{2000};

/// A frozen v1 cgroup keeps a killed process from dying (freezer-subsystem.rst).
Result<void> thaw_if_frozen(const cgroup::Directories& directories) {
    const auto frozen = cgroup::frozen(directories);
    if (!frozen || *frozen == cgroup::Frozen::No) return {};
    return cgroup::set_frozen(directories, cgroup::Frozen::No, kThawLimit);
}

Result<void> signal_init(const store::State& state, Signal signal) {
    const auto pidfd = TRY(sys::open_pidfd(state.init));
    TRY(sys::send_signal(pidfd.get(), signal));
    if (signal.number != SIGKILL) return {};
    return thaw_if_frozen(directories_of(state.cgroups));
}

/// Without a pid namespace of its own, a container does not die with its init.
bool concerns_all(const store::State& state, Signal signal, Whom whom) {
    return whom == Whom::All || (signal.number == SIGKILL && !state.has_own_pid_namespace);
}

/// The specification demands an error and no effect. But processes that share the pid namespace of
/// their creator live on after init, and SIGKILL ends them, as in runc.
Result<void> signal_stopped(const store::State& state, Signal signal) {
    const auto directories = directories_of(state.cgroups);
    if (!concerns_all(state, signal, Whom::Init) || directories.empty() ||
        TRY(cgroup::processes(directories)).empty())
        return fail(ErrorKind::State, "container not running");
    return cgroup::signal_all(directories, signal);
}

Signal stop_signal(const store::State& state) {
    const auto found = state.annotations.find("org.opencontainers.image.stopSignal");
    if (found == state.annotations.end() || found->second.empty()) return Signal{SIGTERM};
    const auto signal = parse_signal(found->second);
    if (signal) return *signal;
    warn(concat("org.opencontainers.image.stopSignal: ", describe(signal.error())));
    return Signal{SIGTERM};
}

}  // namespace

Result<void> kill(const Settings& settings, const ContainerId& id, std::optional<Signal> wanted,
                  Whom whom) {
    const auto container = TRY(open_container(settings, id));
    const Signal signal = wanted ? *wanted : stop_signal(container.state);
    const auto directories = directories_of(container.state.cgroups);
    const bool stopped = TRY(status_of(container)) == Status::Stopped;
    if (stopped && whom != Whom::All) return signal_stopped(container.state, signal);
    if (concerns_all(container.state, signal, whom) && !directories.empty())
        return cgroup::signal_all(directories, signal);
    if (stopped) return {};
    return signal_init(container.state, signal);
}

}  // namespace cleat::lifecycle

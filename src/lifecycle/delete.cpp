// Room: lifecycle. `delete`, and the end of every container. Runs in the host process. With force
// it works from whatever is left: a whole state, a damaged one, the intent alone, or nothing.
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>
#include <utility>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/kernel/rdt.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/process.hpp"
#include "config.hpp"
#include "container.hpp"
#include "root_mount.hpp"

namespace cleat::lifecycle {
namespace {

using std::chrono::milliseconds;

constexpr const char* kStateFile = "state.json";
constexpr milliseconds kDeathLimit{10000};
constexpr milliseconds kKillInterval{500};
constexpr milliseconds kCgroupLimit{10000};
constexpr milliseconds kCreatorLimit{5000};
constexpr milliseconds kPollInterval{10};

Result<void> end_processes(const store::State& state, const cgroup::Directories& directories) {
    const auto pidfd = sys::open_pidfd(state.init);
    if (!pidfd && pidfd.error().errno_value == ESRCH) return {};
    if (!pidfd) return std::unexpected(pidfd.error());
    const auto sent = sys::send_signal(pidfd->get(), Signal{SIGKILL});
    if (!sent && sent.error().errno_value != ESRCH) return sent;
    // A pause at the same time may freeze what is killed; the signal thaws it again.
    const auto end = std::chrono::steady_clock::now() + kDeathLimit;
    do {
        if (!directories.empty()) TRY(cgroup::signal_all(directories, Signal{SIGKILL}));
        if (TRY(sys::wait_gone(pidfd->get(), kKillInterval))) return {};
    } while (std::chrono::steady_clock::now() < end);
    return fail(ErrorKind::System,
                concat("init (pid ", state.init.pid, ") was killed but does not end"));
}

/// The cgroups are gone in any case; that systemd cannot be told keeps no container from its end.
Result<void> remove_cgroups(const store::KeptScope& scope,
                            const std::vector<store::KeptCgroup>& cgroups) {
    TRY(cgroup::remove(directories_of(cgroups), kCgroupLimit));
    if (scope.unit.empty()) return {};
    const auto stopped = cgroup::stop_scope(scope_of(scope));
    if (!stopped) warn(describe(stopped.error()));
    return {};
}

/// What is of the container in a resctrl file system; a shared group stays.
Result<void> remove_rdt(const store::KeptRdt& rdt) {
    if (!rdt.monitor.empty()) TRY(kernel::remove_rdt_group(rdt.monitor));
    if (rdt.of_container) TRY(kernel::remove_rdt_group(rdt.group));
    return {};
}

void run_poststop_of(const Container& container) {
    if (!container.state.has_poststop_hooks) return;
    const auto config = config_of(container);
    if (!config)
        warn(concat("poststop hooks are lost: ", describe(config.error())));
    else
        run_poststop(config->spec, container.state);
}

bool has_live_creator(const store::Entry& entry) {
    const auto intent = entry.read_intent();
    return intent && intent->creator.pid != ::getpid() &&
           sys::is_alive(intent->creator).value_or(true);
}

/// A create that is under way gets some time to end. After that it is ended, and its hooks with it:
/// what it undid later could be another container's of this id.
void wait_for_creator(const store::Entry& entry) {
    const auto end = std::chrono::steady_clock::now() + kCreatorLimit;
    while (std::chrono::steady_clock::now() < end) {
        const auto state = entry.read_state();
        if (state || state.error().kind != ErrorKind::NotFound || !has_live_creator(entry)) return;
        std::this_thread::sleep_for(kPollInterval);
    }
    const auto intent = entry.read_intent();
    if (!intent) return;
    const auto creator = sys::open_pidfd(intent->creator);
    if (!creator || !sys::send_signal(creator->get(), Signal{SIGKILL})) return;
    static_cast<void>(sys::wait_gone(creator->get(), kDeathLimit));
}

/// What can be done without a state: the intent names the cgroups, whose processes are killed.
Result<void> remove_ruin(const Settings& settings, const ContainerId& id,
                         const store::Entry& entry) {
    const auto intent = entry.read_intent();
    if (intent) {
        TRY(remove_cgroups(intent->scope, intent->cgroups));
        TRY(remove_rdt(intent->rdt));
        TRY(uncover(intent->covered_mount));
    } else {
        warn(concat("nothing is known of its cgroups: ", describe(intent.error())));
    }
    return store::Store(settings.root).discard(id, entry);
}

}  // namespace

Result<void> destroy(const Settings& settings, const Container& container) {
    const auto directories = directories_of(container.state.cgroups);
    TRY(end_processes(container.state, directories));
    // Another delete was faster: the cgroups may be the next container's of this id.
    if (!TRY(sys::is_there_at(container.entry.fd(), kStateFile))) return {};
    TRY(remove_cgroups(container.state.scope, container.state.cgroups));
    TRY(remove_rdt(container.state.rdt));
    TRY(unmount_root(container.state.root_mount));
    run_poststop_of(container);
    const auto id = TRY(ContainerId::parse(container.state.id));
    return store::Store(settings.root).discard(id, container.entry);
}

Result<void> remove(const Settings& settings, const ContainerId& id, Force force) {
    auto entry = store::Store(settings.root).find(id);
    if (entry) return remove(settings, id, *std::move(entry), force);
    if (force == Force::Yes && entry.error().kind == ErrorKind::NotFound) return {};
    return std::unexpected(std::move(entry).error());
}

Result<void> remove(const Settings& settings, const ContainerId& id, store::Entry entry,
                    Force force) {
    if (force == Force::Yes) wait_for_creator(entry);
    auto state = entry.read_state();
    const bool foreign = state && state->id != id.str();
    if (force == Force::Yes && (!state || foreign)) return remove_ruin(settings, id, entry);
    if (!state) return std::unexpected(std::move(state).error());
    if (foreign) return fail(ErrorKind::InvalidConfig, "state.json is of another container");
    const Container container{.entry = std::move(entry), .state = *std::move(state)};
    if (force == Force::No) {
        const auto status = TRY(status_of(container));
        if (status != Status::Stopped && status != Status::Created) {
            return fail(ErrorKind::State, concat("cannot delete container ", id.str(),
                                                 " that is not stopped: ", name_of(status)));
        }
    }
    return destroy(settings, container);
}

}  // namespace cleat::lifecycle

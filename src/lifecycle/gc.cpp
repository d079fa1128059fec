// Room: lifecycle. `gc`: what crashes and reboots have left. Runs in the host process. It takes
// only what nobody can come back for: a create whose process is gone, and containers of an earlier
// boot.
#include <sys/stat.h>

#include <ctime>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/process.hpp"
#include "container.hpp"

namespace cleat::lifecycle {
namespace {

/// Between the making of an entry and its intent lie microseconds; a machine can be slow.
constexpr std::time_t kYoung = 60;

bool is_young(const store::Entry& entry) {
    const auto found = sys::stat_fd(entry.fd());
    return !found || std::time(nullptr) - found->st_mtime < kYoung;
}

/// Why an entry without a whole state may go; empty if it may not.
Result<std::string> fault_of_ruin(const store::Entry& entry, const Error& why) {
    const auto intent = entry.read_intent();
    if (!intent) return is_young(entry) ? std::string() : "nothing is known of it";
    if (TRY(sys::is_alive(intent->creator))) return std::string();
    const auto pids = TRY(cgroup::processes(directories_of(intent->cgroups)));
    std::string fault =
        why.kind == ErrorKind::NotFound ? "half made, its creator is gone" : why.what;
    if (pids.empty()) return fault;
    return fail(ErrorKind::State, concat(fault, ", but pid ", pids.front(),
                                         " lives in its cgroup (delete --force ends it)"));
}

Result<std::string> fault_of(const store::Entry& entry, Stopped stopped, const std::string& boot) {
    const auto state = entry.read_state();
    if (!state) return fault_of_ruin(entry, state.error());
    const auto intent = entry.read_intent();
    if (intent && intent->boot != boot) return "from before the last boot";
    if (stopped == Stopped::Keep || TRY(sys::is_alive(state->init))) return std::string();
    return "stopped";
}

}  // namespace

Result<std::vector<Garbage>> collect_garbage(const Settings& settings, const GcOptions& options) {
    const store::Store store(settings.root);
    const std::string boot = TRY(sys::boot_id());
    std::vector<Garbage> garbage;
    for (const auto& name : TRY(store.list())) {
        const auto id = TRY(ContainerId::parse(name));
        auto entry = store.find(id);
        if (!entry) continue;  // gone between the listing and now
        auto fault = fault_of(*entry, options.stopped, boot);
        if (fault && fault->empty()) continue;
        Garbage found{.id = name};
        Result<void> removed;
        if (!fault)
            removed = std::unexpected(std::move(fault).error());
        else
            found.reason = *std::move(fault);
        if (removed && options.dry_run == DryRun::No)
            removed = remove(settings, id, *std::move(entry), Force::Yes);
        if (!removed) found.problem = describe(removed.error());
        garbage.push_back(std::move(found));
    }
    return garbage;
}

}  // namespace cleat::lifecycle

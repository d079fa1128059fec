// Room: lifecycle. `events`: what a container uses, and when it runs out of memory. Runs in the
// host process.
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <utility>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/sys/process.hpp"
#include "container.hpp"

namespace cleat::lifecycle {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Running {
    cgroup::Directories directories;
    plan::RdtPlace rdt;
    sys::Fd pidfd;  ///< none once it has ended
};

cgroup::Stats usage_of(const Running& running) {
    auto stats = cgroup::read_stats(running.directories);
    stats.rdt = cgroup::read_rdt_stats(running.rdt);
    return stats;
}

Result<Running> open_running(const Settings& settings, const ContainerId& id) {
    const auto container = TRY(open_container(settings, id));
    if (TRY(status_of(container)) == Status::Stopped)
        return fail(ErrorKind::State, "container not running");
    auto directories = directories_of(container.state.cgroups);
    if (directories.empty())
        return fail(ErrorKind::Unsupported, "a container without a cgroup has no statistics");
    return Running{.directories = std::move(directories),
                   .rdt = rdt_of(container.state.rdt),
                   .pidfd = TRY(sys::open_pidfd(container.state.init))};
}

/// A container with what the kernel tells about it, nothing of which is ever asked for in vain.
struct Watched {
    ContainerId id;
    Running running;
    std::optional<cgroup::OomWatch> oom;
    sys::Fd population;             ///< none without a cgroup v2
    std::vector<sys::Fd> triggers;  ///< in the order of the observer's
    bool ended = false;
};

Result<Watched> open_watched(Running running, const ContainerId& id, const Observer& observer) {
    Watched watched{
        .id = id, .running = std::move(running), .oom = {}, .population = {}, .triggers = {}};
    auto population = cgroup::open_population(watched.running.directories);
    if (population) watched.population = *std::move(population);
    auto oom = cgroup::OomWatch::open(watched.running.directories);
    if (oom)
        watched.oom = *std::move(oom);
    else
        warn(concat("no OOM events of ", id.str(), ": ", describe(oom.error())));
    for (const auto& trigger : observer.triggers)
        watched.triggers.push_back(TRY(cgroup::open_trigger(watched.running.directories, trigger)));
    return watched;
}

/// Its pidfd, its OOM watch, its population and its triggers, in this order.
void add_fds(const Watched& watched, std::vector<::pollfd>& fds) {
    const auto& oom = watched.oom;
    fds.push_back({.fd = watched.running.pidfd.get(), .events = POLLIN, .revents = 0});
    fds.push_back(
        {.fd = oom ? oom->fd() : -1, .events = oom ? oom->events() : short{0}, .revents = 0});
    fds.push_back({.fd = watched.population.get(), .events = POLLPRI, .revents = 0});
    for (const auto& trigger : watched.triggers)
        fds.push_back({.fd = trigger.get(), .events = POLLPRI, .revents = 0});
}

/// Tells what happened to one container; what is left of `fds` is about the others. An OOM that
/// ends the container is told before its end is seen.
Result<std::span<const ::pollfd>> tell(Watched& watched, std::span<const ::pollfd> fds,
                                       const Observer& observer) {
    constexpr std::size_t kFirstTrigger = 3;
    if (watched.oom && watched.oom->happened()) TRY(observer.oom(watched.id));
    for (std::size_t i = 0; i < watched.triggers.size(); ++i) {
        const auto events = fds[kFirstTrigger + i].revents;
        if ((events & POLLERR) != 0)
            watched.triggers[i].reset();
        else if ((events & POLLPRI) != 0)
            TRY(observer.pressure(watched.id, observer.triggers[i]));
    }
    if (fds[0].revents != 0) watched.running.pidfd.reset();
    const bool populated = watched.population && cgroup::is_populated(watched.population);
    watched.ended = !watched.running.pidfd && !populated;
    return fds.subspan(kFirstTrigger + watched.triggers.size());
}

/// Told of every new entry of the state root.
Result<sys::Fd> open_arrivals(const std::string& root) {
    sys::Fd arrivals(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!arrivals || ::inotify_add_watch(arrivals.get(), root.c_str(), IN_CREATE) < 0)
        return fail_errno(concat("watch ", root), errno);
    return arrivals;
}

/// Adds the live containers that are not watched yet. An entry is a container as soon as its state
/// is renamed into it, so that is waited for before it is looked at.
Result<void> join(const Settings& settings, const sys::Fd& arrivals, const Observer& observer,
                  std::vector<Watched>& all) {
    char told[4096];
    while (::read(arrivals.get(), told, sizeof told) > 0) continue;
    for (const auto& name : TRY(store::Store(settings.root).list())) {
        const auto id = TRY(ContainerId::parse(name));
        if (std::ranges::any_of(all, [&](const Watched& each) { return each.id == id; })) continue;
        const auto entry = concat(settings.root, "/", name);
        static_cast<void>(::inotify_add_watch(arrivals.get(), entry.c_str(), IN_MOVED_TO));
        if (auto running = open_running(settings, id))
            all.push_back(TRY(open_watched(*std::move(running), id, observer)));
    }
    return {};
}

int until(steady_clock::time_point moment) {
    const auto left = std::chrono::ceil<milliseconds>(moment - steady_clock::now()).count();
    return static_cast<int>(std::max<decltype(left)>(left, 0));
}

}  // namespace

Result<cgroup::Stats> stats(const Settings& settings, const ContainerId& id) {
    return usage_of(TRY(open_running(settings, id)));
}

Result<std::vector<ContainerId>> live(const Settings& settings) {
    std::vector<ContainerId> ids;
    for (const auto& view : TRY(list(settings)))
        if (view.problem.empty() && view.status != Status::Stopped && !view.state.cgroups.empty())
            ids.push_back(TRY(ContainerId::parse(view.state.id)));
    return ids;
}

Result<void> watch(const Settings& settings, const std::vector<ContainerId>& ids,
                   const Observer& observer) {
    std::vector<Watched> all;
    sys::Fd arrivals;
    if (observer.watching == Watching::All) {
        if (TRY(live(settings)).empty()) return {};  // and perhaps no root
        arrivals = TRY(open_arrivals(settings.root));
        TRY(join(settings, arrivals, observer, all));
    } else {
        for (const auto& id : ids) {
            auto running = TRY(open_running(settings, id));
            all.push_back(TRY(open_watched(std::move(running), id, observer)));
        }
    }
    auto next = steady_clock::now() + observer.interval;
    while (!all.empty()) {
        std::vector<::pollfd> fds;
        for (const auto& each : all) add_fds(each, fds);
        fds.push_back({.fd = arrivals.get(), .events = POLLIN, .revents = 0});
        ::poll(fds.data(), fds.size(), until(next));
        std::span<const ::pollfd> seen = fds;
        for (auto& each : all) seen = TRY(tell(each, seen, observer));
        std::erase_if(all, [](const Watched& each) { return each.ended; });
        if (seen[0].revents != 0) TRY(join(settings, arrivals, observer, all));
        if (steady_clock::now() < next) continue;
        for (const auto& each : all) TRY(observer.stats(each.id, usage_of(each.running)));
        next += observer.interval;
    }
    return {};
}

}  // namespace cleat::lifecycle

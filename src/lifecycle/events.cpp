// Room: lifecycle. `events`: what a container uses, and when it runs out of memory. Runs in the
// host process.
#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
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
    sys::Fd pidfd;
};

Result<Running> open_running(const Settings& settings, const ContainerId& id) {
    const auto container = TRY(open_container(settings, id));
    if (status_of(container) == Status::Stopped)
        return fail(ErrorKind::State, "container not running");
    auto directories = directories_of(container.state.cgroups);
    if (directories.empty())
        return fail(ErrorKind::Unsupported, "a container without a cgroup has no statistics");
    return Running{.directories = std::move(directories),
                   .pidfd = TRY(sys::open_pidfd(container.state.init))};
}

int until(steady_clock::time_point moment) {
    const auto left = std::chrono::ceil<milliseconds>(moment - steady_clock::now()).count();
    return static_cast<int>(std::max<decltype(left)>(left, 0));
}

}  // namespace

Result<cgroup::Stats> stats(const Settings& settings, const ContainerId& id) {
    return cgroup::read_stats(TRY(open_running(settings, id)).directories);
}

/// An OOM that ends the container is told before its end is seen.
Result<void> watch(const Settings& settings, const ContainerId& id, const Observer& observer) {
    const auto running = TRY(open_running(settings, id));
    auto opened = cgroup::OomWatch::open(running.directories);
    if (!opened) warn(concat("no OOM events: ", describe(opened.error())));
    std::optional<cgroup::OomWatch> oom;
    if (opened) oom = *std::move(opened);
    auto next = steady_clock::now() + observer.interval;
    for (;;) {
        std::array<::pollfd, 2> fds{
            {{.fd = running.pidfd.get(), .events = POLLIN, .revents = 0},
             {.fd = oom ? oom->fd() : -1, .events = oom ? oom->events() : short{0}, .revents = 0}}};
        ::poll(fds.data(), fds.size(), until(next));
        if (oom && oom->happened()) TRY(observer.oom());
        if (fds[0].revents != 0) return {};
        if (steady_clock::now() < next) continue;
        TRY(observer.stats(cgroup::read_stats(running.directories)));
        next += observer.interval;
    }
}

}  // namespace cleat::lifecycle

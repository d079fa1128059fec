// Room: lifecycle. `start`. Runs in the host process.
#include <cerrno>
#include <utility>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/sys/files.hpp"
#include "config.hpp"
#include "container.hpp"
#include "notify.hpp"

namespace cleat::lifecycle {
namespace {

/// `error` with its place in the container's config.json, which is read only now.
Error with_place(Error error, const Container& container) {
    if (error.pointer.empty()) return error;
    const auto text = container.entry.read_config();
    return text ? located(std::move(error), *text, "config.json") : error;
}

/// The socket's file says "created" to status_of(): it goes once the process runs.
Result<void> mark_running(const Container& container) {
    auto removed = sys::remove_file_at(container.entry.fd(), store::kStartSocket);
    if (!removed && removed.error().errno_value == ENOENT) return {};
    return removed;
}

/// A failing hook ends the container as if it had been deleted (runtime.md#lifecycle, steps 7, 9).
void give_up(const Settings& settings, const Container& container) {
    const auto gone = destroy(settings, container);
    if (!gone) warn(concat("clean up: ", describe(gone.error())));
}

Result<void> finish(const Settings& settings, const Container& container) {
    if (!container.state.has_poststart_hooks) return {};
    const auto config = TRY(config_of(container));
    auto done = located(run_poststart(config.spec, container.state), config);
    if (!done) give_up(settings, container);
    return done;
}

}  // namespace

Result<void> start(const Settings& settings, const ContainerId& id,
                   const std::string& notify_socket) {
    const auto container = TRY(open_container(settings, id));
    const auto status = TRY(status_of(container));
    if (status == Status::Stopped)
        return fail(ErrorKind::State, "cannot start a container that has stopped");
    if (status == Status::Paused) return fail(ErrorKind::State, "container paused");
    if (container.state.lacks_process)
        return fail(ErrorKind::State, "config.json has no process to start");
    auto readiness = TRY(Readiness::listen(container.entry, notify_socket));
    auto started = sys::timed(settings.trace, "await-execution",
                              [&] { return launch::start(container.entry.fd()); });
    if (!started) {
        // Nobody listens any more: a start that was killed at the wrong moment left the file.
        if (started.error().kind == ErrorKind::State) static_cast<void>(mark_running(container));
        const bool by_hook = started.error().pointer.starts_with("/hooks/startContainer");
        Error error = with_place(std::move(started).error(), container);
        if (by_hook) give_up(settings, container);
        return std::unexpected(std::move(error));
    }
    TRY(mark_running(container));
    TRY(finish(settings, container));
    return readiness.wait(container.state.init);
}

}  // namespace cleat::lifecycle

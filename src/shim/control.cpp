// Room: shim. Kill, Pause, Resume, Update, and what is done to streams.
#include <cerrno>
#include <csignal>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/sys/process.hpp"
#include "tasks.hpp"

namespace cleat::shim {
namespace {

constexpr std::string_view kFinished = "process already finished: not found";

/// That it is gone already is known by its code.
Status status_of_kill(const Error& error) {
    const bool gone = error.kind == ErrorKind::State || error.kind == ErrorKind::NotFound ||
                      error.errno_value == ESRCH;
    if (gone) return {.code = Code::NotFound, .text = std::string(kFinished)};
    return status_of(error, "");
}

}  // namespace

/// A process is ours until it is reaped here, so its pid is nobody else's.
void Tasks::kill(const TaskRequest& request, Caller caller) {
    const auto target = find(request, caller);
    if (!target) return;
    const auto& process = *target->process;
    if (process.stage == Stage::Stopped || process.ended)
        return deny(caller, Code::NotFound, kFinished);
    if (process.pid == 0)
        return deny(caller, Code::FailedPrecondition, "process not created: failed precondition");
    constexpr std::uint32_t kLastSignal = 64;
    if (request.signal > kLastSignal) return deny(caller, Code::InvalidArgument, "no such signal");
    const Signal signal{static_cast<int>(request.signal)};
    const bool concerns_container =
        request.exec_id.empty() && (request.all || signal.number == SIGKILL);
    if (!concerns_container) {
        const auto pidfd = sys::open_pidfd(process.pid);
        const auto sent = pidfd ? sys::send_signal(pidfd->get(), signal)
                                : Result<void>(std::unexpected(pidfd.error()));
        home_.answer(caller,
                     sent ? Answer(std::string()) : std::unexpected(status_of_kill(sent.error())));
        return;
    }
    const auto whom = request.all ? lifecycle::Whom::All : lifecycle::Whom::Init;
    // Of an end that is told first the caller may delete the task, and hang up on its own call.
    ++target->process->kills;
    home_.errands.send(
        [&container = *target->container, signal, whom]() -> Result<Yield> {
            const auto id = TRY(ContainerId::parse(container.id));
            TRY(lifecycle::kill(container.settings, id, signal, whom));
            return Yield{};
        },
        [this, target = *target, caller](Result<Yield> yield) {
            home_.answer(caller, yield ? Answer(std::string())
                                       : std::unexpected(status_of_kill(yield.error())));
            --target.process->kills;
            settle(target.container);
        });
}

void Tasks::pause(const TaskRequest& request, Caller caller) {
    set_frozen(request, caller, Stage::Paused);
}

void Tasks::resume(const TaskRequest& request, Caller caller) {
    set_frozen(request, caller, Stage::Running);
}

void Tasks::set_frozen(const TaskRequest& request, Caller caller, Stage wanted) {
    const auto container = find_container(request, caller);
    if (!container) return;
    const bool pausing = wanted == Stage::Paused;
    const auto stage = container->init->stage;
    if (stage != (pausing ? Stage::Running : Stage::Paused)) {
        const std::string_view what = stage == Stage::Paused    ? "paused container"
                                      : stage == Stage::Running ? "running process"
                                      : stage == Stage::Created ? "task in created state"
                                                                : "stopped container";
        deny(caller, Code::FailedPrecondition,
             concat("cannot ", pausing ? "pause a " : "resume a ", what));
        return;
    }
    busy_with(
        {container, container->init},
        [&container, pausing]() -> Result<Yield> {
            const auto id = TRY(ContainerId::parse(container->id));
            if (pausing)
                TRY(lifecycle::pause(container->settings, id));
            else
                TRY(lifecycle::resume(container->settings, id));
            return Yield{};
        },
        caller,
        [this, container, wanted] {
            const auto moment = wanted == Stage::Paused ? Moment::Paused : Moment::Resumed;
            if (!container->init->ended) container->init->stage = wanted;
            home_.events.publish(moment_event(moment, container->id));
        });
}

void Tasks::update(const TaskRequest& request, Caller caller) {
    const auto container = find_container(request, caller);
    if (!container) return;
    if (container->init->stage == Stage::Stopped)
        return deny(caller, Code::FailedPrecondition, "cannot update a stopped container");
    busy_with(
        {container, container->init},
        [&]() -> Result<Yield> {
            const auto id = TRY(ContainerId::parse(container->id));
            TRY(lifecycle::update(container->settings, id, {.resources = request.body.value}));
            return Yield{};
        },
        caller);
}

void Tasks::resize(const TaskRequest& request, Caller caller) {
    const auto target = find(request, caller);
    if (!target) return;
    const auto& process = *target->process;
    if (process.stage == Stage::Stopped)
        return deny(caller, Code::FailedPrecondition, "cannot resize a stopped container");
    if (process.stdio)
        if (const auto done = process.stdio->resize(request.width, request.height); !done)
            return deny(caller, done.error(), "");
    consent(caller);
}

void Tasks::close_io(const TaskRequest& request, Caller caller) {
    const auto target = find(request, caller);
    if (!target) return;
    if (target->process->stdio) target->process->stdio->close_input();
    consent(caller);
}

}  // namespace cleat::shim

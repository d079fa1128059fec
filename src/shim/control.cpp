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
    const auto target = find(request);
    const auto refused = [&](Code code, std::string_view text) {
        home_.answer(caller, refuse(code, std::string(text)));
    };
    if (!target) return refused(target.error().code, target.error().text);
    const auto& process = *target->process;
    if (process.stage == Stage::Stopped || process.ended) return refused(Code::NotFound, kFinished);
    if (process.pid == 0)
        return refused(Code::FailedPrecondition, "process not created: failed precondition");
    constexpr std::uint32_t kLastSignal = 64;
    if (request.signal > kLastSignal) return refused(Code::InvalidArgument, "no such signal");
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
    const auto& container = *target->container;
    home_.errands.send(
        [&container, signal, whom]() -> Result<Yield> {
            const auto id = TRY(ContainerId::parse(container.id));
            TRY(lifecycle::kill(container.settings, id, signal, whom));
            return Yield{};
        },
        [this, caller](Result<Yield> yield) {
            home_.answer(caller, yield ? Answer(std::string())
                                       : std::unexpected(status_of_kill(yield.error())));
        });
}

void Tasks::pause(const TaskRequest& request, Caller caller) {
    set_frozen(request, caller, Stage::Paused);
}

void Tasks::resume(const TaskRequest& request, Caller caller) {
    set_frozen(request, caller, Stage::Running);
}

void Tasks::set_frozen(const TaskRequest& request, Caller caller, Stage wanted) {
    const auto container = container_of(request.id);
    if (!container) {
        home_.answer(caller, refuse(Code::NotFound, "container not created: not found"));
        return;
    }
    const bool pausing = wanted == Stage::Paused;
    const auto stage = container->init->stage;
    if (stage != (pausing ? Stage::Running : Stage::Paused)) {
        const std::string_view what = stage == Stage::Paused    ? "paused container"
                                      : stage == Stage::Running ? "running process"
                                      : stage == Stage::Created ? "task in created state"
                                                                : "stopped container";
        home_.answer(caller, refuse(Code::FailedPrecondition,
                                    concat("cannot ", pausing ? "pause a " : "resume a ", what)));
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
    const auto container = container_of(request.id);
    if (!container || container->init->stage == Stage::Stopped) {
        home_.answer(caller,
                     container
                         ? refuse(Code::FailedPrecondition, "cannot update a stopped container")
                         : refuse(Code::NotFound, "container not created: not found"));
        return;
    }
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
    const auto target = find(request);
    if (!target) {
        home_.answer(caller, std::unexpected(target.error()));
        return;
    }
    const auto& process = *target->process;
    if (process.stage == Stage::Stopped) {
        home_.answer(caller, refuse(Code::FailedPrecondition, "cannot resize a stopped container"));
        return;
    }
    const auto done =
        process.stdio ? process.stdio->resize(request.width, request.height) : Result<void>{};
    home_.answer(caller,
                 done ? Answer(std::string()) : std::unexpected(status_of(done.error(), "")));
}

void Tasks::close_io(const TaskRequest& request, Caller caller) {
    const auto target = find(request);
    if (target && target->process->stdio) target->process->stdio->close_input();
    home_.answer(caller, target ? Answer(std::string()) : Answer(std::unexpected(target.error())));
}

}  // namespace cleat::shim

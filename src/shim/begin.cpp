// Room: shim. Start, of a container or of one more process.
#include <utility>

#include "making.hpp"
#include "tasks.hpp"

namespace cleat::shim {

void Tasks::start(const TaskRequest& request, Caller caller) {
    const auto target = find(request, caller);
    if (!target) return;
    const bool is_init = request.exec_id.empty();
    const auto stage = target->process->stage;
    const auto refused = [&](std::string_view text) {
        deny(caller, Code::FailedPrecondition, text);
    };
    if (stage == Stage::Running) return refused("cannot start a running process");
    if (stage == Stage::Paused) return refused("cannot start a paused process");
    if (stage == Stage::Stopped) return refused("cannot start a stopped process");
    if (is_init && target->container->images)
        restore_init(*target, caller);
    else if (is_init)
        start_init(*target, caller);
    else
        start_exec(*target, caller);
}

void Tasks::start_init(const Target& target, Caller caller) {
    const auto& container = *target.container;
    busy_with({.target = target,
               .work = [&container]() -> Result<Yield> {
                   const auto id = TRY(ContainerId::parse(container.id));
                   TRY(lifecycle::start(container.settings, id));
                   return Yield{};
               },
               .done =
                   [this, target, caller](Result<Yield> yield) {
                       if (yield)
                           started(target, caller);
                       else
                           deny(caller, yield.error(), "OCI runtime start failed");
                   }});
}

/// A process whose errand has been reaped before this is heard may have ended already.
void Tasks::started(const Target& target, Caller caller) {
    auto& process = *target.process;
    if (!process.ended) process.stage = Stage::Running;
    home_.events.publish(started_event(
        {.container = target.container->id, .exec = process.exec_id, .pid = process.pid}));
    home_.answer(caller, encode_pid(process.pid));
}

void Tasks::start_exec(const Target& target, Caller caller) {
    constexpr int kCannotStart = 255;  // what `cleat exec` exits with
    auto& process = *target.process;
    const auto failed = [this, target, caller](const Error& error) {
        auto& failed_process = *target.process;
        failed_process.stage = Stage::Stopped;
        failed_process.exit = {.status = kCannotStart, .at = now()};
        failed_process.told = true;
        failed_process.stdio.reset();
        for (const auto waiter : std::exchange(failed_process.waiters, {}))
            home_.answer(waiter, encode_wait(failed_process.exit));
        deny(caller, error, "OCI runtime exec failed");
    };
    process.stdio = std::make_unique<Stdio>(home_.loop);
    if (auto opened = process.stdio->open(process.streams, target.container->owner); !opened)
        return failed(opened.error());
    const auto work = [&]() -> Result<Yield> {
        const auto id = TRY(ContainerId::parse(target.container->id));
        return make_exec({.settings = target.container->settings,
                          .id = id,
                          .streams = process.streams,
                          .name_space = home_.name_space},
                         process.document);
    };
    busy_with({.target = target,
               .standard = process.stdio->ends(),
               .work = work,
               .done = [this, target, caller, failed](Result<Yield> yield) {
                   auto& done = *target.process;
                   done.document = std::string();
                   if (!yield) return failed(yield.error());
                   auto made = read_made(*yield);
                   done.pid = made.pid;
                   done.logger = made.logger;
                   done.stdio->begin(std::move(made.console));
                   started(target, caller);
               }});
}

}  // namespace cleat::shim

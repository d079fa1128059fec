// Room: shim. Delete, of a container or of one more process.
#include <csignal>
#include <utility>

#include "cleat/sys/process.hpp"
#include "rootfs.hpp"
#include "tasks.hpp"

namespace cleat::shim {

void Tasks::remove(const TaskRequest& request, Caller caller) {
    const auto target = find(request, caller);
    if (!target) return;
    const auto stage = target->process->stage;
    if (stage == Stage::Running)
        return deny(caller, Code::FailedPrecondition, "cannot delete a running process");
    if (stage == Stage::Paused)
        return deny(caller, Code::FailedPrecondition, "cannot delete a paused process");
    if (request.exec_id.empty())
        remove_container(*target, caller);
    else
        remove_exec(*target, caller);
}

void Tasks::remove_exec(const Target& target, Caller caller) {
    if (target.process->stage == Stage::New)
        removed(target, caller);
    else
        end_when_drained(target, caller);
}

/// A container that was never started is ended by this; its end is told first.
void Tasks::remove_container(const Target& target, Caller caller) {
    const auto& container = *target.container;
    busy_with({.target = target,
               .work = [&container]() -> Result<Yield> {
                   const auto id = TRY(ContainerId::parse(container.id));
                   TRY(lifecycle::remove(container.settings, id, lifecycle::Force::Yes));
                   if (container.rootfs_mounted) TRY(unmount_root(container.bundle + "/rootfs"));
                   return Yield{};
               },
               .done =
                   [this, target, caller](Result<Yield> yield) {
                       auto& init = *target.process;
                       if (!yield) return deny(caller, yield.error(), "OCI runtime delete failed");
                       if (init.pid == 0) return removed(target, caller);  // never restored
                       if (init.told) return end_when_drained(target, caller);
                       init.when_told = [this, target, caller] {
                           end_when_drained(target, caller);
                       };
                   }});
}

/// What the process has written is passed on first; for a reader who does not come, not for ever.
void Tasks::end_when_drained(const Target& target, Caller caller) {
    constexpr std::chrono::seconds kLimit{10};
    auto& process = *target.process;
    if (!process.stdio || process.stdio->drained()) return removed(target, caller);
    process.busy = true;
    const auto ticket = std::make_shared<Loop::Ticket>(0);
    const auto end = [this, target, caller, ticket] {
        home_.loop.cancel(*ticket);
        target.process->busy = false;
        removed(target, caller);
    };
    *ticket = home_.loop.after(kLimit, end);
    process.stdio->on_drained(end);
}

void Tasks::removed(const Target& target, Caller caller) {
    auto& process = *target.process;
    auto& container = *target.container;
    process.stdio.reset();
    if (process.logger > 0) end_logger(process.logger);
    const auto answer = encode_delete(process.pid, process.exit);
    for (const auto waiter : std::exchange(process.waiters, {}))
        home_.answer(waiter, encode_wait(process.exit));
    if (process.exec_id.empty()) {
        home_.events.publish(
            delete_event({.container = container.id, .exec = process.exec_id, .pid = process.pid},
                         process.exit));
        for (const auto& [_, exec] : container.execs)
            for (const auto waiter : std::exchange(exec->waiters, {}))
                deny(waiter, Code::NotFound, "container deleted: not found");
        containers_.erase(container.id);
        think_of_the_end();
    } else {
        container.execs.erase(process.exec_id);
    }
    home_.answer(caller, answer);
    resume_deferred(process);
}

/// It has end of file by now; SIGTERM says the same to one that does not look.
void Tasks::end_logger(pid_t logger) {
    constexpr std::chrono::seconds kLimit{12};
    auto pidfd = sys::open_pidfd(logger);
    if (!pidfd) return;
    static_cast<void>(sys::send_signal(pidfd->get(), Signal{SIGTERM}));
    const auto held = std::make_shared<sys::Fd>(*std::move(pidfd));
    home_.loop.after(kLimit,
                     [held] { static_cast<void>(sys::send_signal(held->get(), Signal{SIGKILL})); });
}

}  // namespace cleat::shim

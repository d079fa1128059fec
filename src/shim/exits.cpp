// Room: shim. How processes end, and when that is told: not before their start, the init's last of
// all, and an OOM first.
#include <csignal>
#include <utility>

#include "tasks.hpp"

namespace cleat::shim {

void Tasks::ended(pid_t pid, int status) {
    for (const auto& [_, each] : containers_) {
        const auto container = each;
        if (container->init->pid == pid) return process_ended(container, *container->init, status);
        for (const auto& [id, exec] : container->execs)
            if (exec->pid == pid) return process_ended(container, *exec, status);
    }
}

void Tasks::process_ended(const ContainerPtr& container, Process& process, int status) {
    process.ended = true;
    process.stage = Stage::Stopped;
    process.exit = {.status = status, .at = now()};
    if (process.stdio) process.stdio->drop_input();
    const bool is_init = process.exec_id.empty();
    // In a pid namespace that others are in, too, its processes live on without it.
    if (is_init && !container->own_pid_namespace)
        home_.errands.send(
            [&]() -> Result<Yield> {
                const auto id = TRY(ContainerId::parse(container->id));
                TRY(lifecycle::kill(container->settings, id, Signal{SIGKILL},
                                    lifecycle::Whom::All));
                return Yield{};
            },
            [](const Result<Yield>& /*nothing hangs on it*/) {});
    settle(container);
}

/// Tells what may be told by now.
void Tasks::settle(const ContainerPtr& container) {
    bool all_told = true;
    const auto execs = container->execs;  // whoever is told may have one removed
    for (const auto& [_, exec] : execs) {
        if (exec->ended && !exec->told && !exec->busy) tell_end(*container, *exec);
        all_told = all_told && (exec->pid == 0 || exec->told);
    }
    auto& init = *container->init;
    if (!init.ended || init.told || init.busy || init.kills > 0 || !all_told) return;
    if (container->oom) container->oom->ready();
    container->oom.reset();
    tell_end(*container, init);
    if (init.when_told) std::exchange(init.when_told, nullptr)();
}

void Tasks::tell_end(const Container& container, Process& process) {
    process.told = true;
    home_.events.publish(exit_event(
        {.container = container.id, .exec = process.exec_id, .pid = process.pid}, process.exit));
    for (const auto waiter : std::exchange(process.waiters, {}))
        home_.answer(waiter, encode_wait(process.exit));
}

}  // namespace cleat::shim

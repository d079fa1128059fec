// Room: shim. Pids and Stats: read in errands, so that their memory is not the daemon's.
#include <algorithm>
#include <utility>

#include "metrics.hpp"
#include "tasks.hpp"

namespace cleat::shim {
namespace {

/// Init is not named, as containerd knows it by its container.
std::string encode_pids(const std::vector<std::uint64_t>& pids, const Container& container) {
    Writer out;
    for (const auto pid : pids) {
        Writer process;
        process.number(1, pid);
        for (const auto& [id, exec] : container.execs)
            if (static_cast<std::uint64_t>(exec->pid) == pid)
                process.message(
                    2, write_any("containerd.runc.v1.ProcessDetails", Writer().text(1, id).take()));
        out.message(1, process);
    }
    return out.take();
}

std::vector<std::uint64_t> read_numbers(std::string_view bytes) {
    std::vector<std::uint64_t> numbers;
    Reader reader(bytes);
    while (reader.next()) numbers.push_back(reader.number());
    return numbers;
}

}  // namespace

void Tasks::pids(const TaskRequest& request, Caller caller) {
    const auto container = find_container(request, caller);
    if (!container) return;
    home_.errands.send(
        [&container]() -> Result<Yield> {
            const auto id = TRY(ContainerId::parse(container->id));
            Writer out;
            for (const auto pid : TRY(lifecycle::processes(container->settings, id)))
                out.number(1, static_cast<std::uint64_t>(pid));
            return Yield{.bytes = out.take(), .fds = {}};
        },
        [this, container, caller](Result<Yield> yield) {
            if (!yield) return deny(caller, yield.error(), "");
            home_.answer(caller, encode_pids(read_numbers(yield->bytes), *container));
        });
}

void Tasks::stats(const TaskRequest& request, Caller caller) {
    const auto container = find_container(request, caller);
    if (!container) return;
    home_.errands.send(
        [&container]() -> Result<Yield> {
            const auto id = TRY(ContainerId::parse(container->id));
            const auto stats = TRY(lifecycle::stats(container->settings, id));
            const auto cgroups = TRY(lifecycle::state(container->settings, id)).state.cgroups;
            const bool unified = std::ranges::all_of(cgroups, &store::KeptCgroup::unified);
            const auto version = unified ? CgroupVersion::Two : CgroupVersion::One;
            return Yield{.bytes = Writer().message(1, encode_metrics(stats, version)).take(),
                         .fds = {}};
        },
        [this, caller](Result<Yield> yield) {
            if (!yield) return deny(caller, yield.error(), "");
            home_.answer(caller, std::move(yield->bytes));
        });
}

}  // namespace cleat::shim

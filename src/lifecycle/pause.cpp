// Room: lifecycle. `pause` and `resume`. Runs in the host process.
#include <chrono>

#include "cleat/base/text.hpp"
#include "container.hpp"

namespace cleat::lifecycle {
namespace {

constexpr std::chrono::milliseconds kFreezeLimit{10000};

Result<void> freeze(const Container& container, cgroup::Frozen frozen) {
    const auto directories = directories_of(container.state.cgroups);
    if (directories.empty())
        return fail(ErrorKind::Unsupported, "a container without a cgroup cannot be paused");
    return cgroup::set_frozen(directories, frozen, kFreezeLimit);
}

}  // namespace

Result<void> pause(const Settings& settings, const ContainerId& id) {
    const auto container = TRY(open_container(settings, id));
    const auto status = TRY(status_of(container));
    if (status == Status::Paused) return fail(ErrorKind::State, "container paused");
    if (status == Status::Stopped) return fail(ErrorKind::State, "container not running");
    auto frozen = freeze(container, cgroup::Frozen::Yes);
    // A half-frozen container would be neither: what was begun is taken back.
    if (!frozen) static_cast<void>(freeze(container, cgroup::Frozen::No));
    return frozen;
}

Result<void> resume(const Settings& settings, const ContainerId& id) {
    const auto container = TRY(open_container(settings, id));
    if (TRY(status_of(container)) != Status::Paused)
        return fail(ErrorKind::State, "container not paused");
    return freeze(container, cgroup::Frozen::No);
}

}  // namespace cleat::lifecycle

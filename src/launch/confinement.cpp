// Room: launch. The control groups, the resctrl group and the scope that a plan asks for. Runs in
// the host process.
#include "confinement.hpp"

#include <type_traits>
#include <variant>

#include "cleat/kernel/rdt.hpp"
#include "clone.hpp"
#include "stand_in.hpp"
#include "walk.hpp"

namespace cleat::launch {

/// On cgroup v2 the process is born in the scope; on v1 it joins it by itself, and has when it is
/// ready.
Result<void> Confinement::apply(const plan::StartScope& step) {
    auto cloned = TRY(clone_process({}));
    if (cloned.pid == 0) stand_in();
    stand_in_.take(cloned.pid, std::move(cloned.pidfd));
    TRY(cgroup::start_scope(step, stand_in_.pid()));
    scope_.take(step.scope);
    return {};
}

Result<void> Confinement::apply(const plan::MakeCgroup& step) {
    const auto& directory = plan_.cgroups.at(step.cgroup);
    const auto sharing = step.shared ? cgroup::Sharing::Yes : cgroup::Sharing::No;
    const bool stands_above = step.below_scope && directory.unified;
    const auto controllers = stands_above ? cgroup::Controllers::Later : cgroup::Controllers::Now;
    const auto made = TRY(cgroup::make(directory, sharing, controllers));
    if (made == cgroup::Made::New) cgroups_.add(directory);
    if (!stands_above) return {};
    TRY(move_stand_in(directory));
    static_cast<void>(TRY(cgroup::make(directory, sharing)));
    return {};
}

/// Another one, born where it shall be: nobody's pid is written anywhere.
Result<void> Confinement::move_stand_in(const plan::CgroupDirectory& directory) {
    const auto place = TRY(cgroup::open_unified(directory));
    auto cloned = TRY(clone_process({.cgroup = place.get()}));
    if (cloned.pid == 0) stand_in();
    stand_in_.end();
    stand_in_.take(cloned.pid, std::move(cloned.pidfd));
    return {};
}

Result<void> Confinement::apply(const plan::WriteCgroup& step) const {
    return cgroup::apply(step, plan_.cgroups);
}

Result<void> Confinement::apply(const plan::SetCgroupDevices& step) const {
    return cgroup::apply(step, plan_.cgroups);
}

Result<void> Confinement::apply(const plan::DelegateCgroup& step) const {
    return cgroup::apply(step, plan_.cgroups);
}

Result<void> Confinement::apply(const plan::MakeRdtGroup& step) {
    if (TRY(kernel::make_rdt_group(step)) == kernel::RdtMade::New) rdt_groups_.add(step.group);
    return {};
}

Result<void> Confinement::apply(const plan::WriteRdtSchema& step) const {
    return kernel::write_rdt_schema(step);
}

Result<void> Confinement::make() {
    const auto hands = [this](const auto& step) -> Result<void> {
        if constexpr (requires { this->apply(step); }) return this->apply(step);
        return {};
    };
    return walk(plan_.host, hands);
}

void Confinement::keep() noexcept {
    cgroups_.keep();
    rdt_groups_.keep();
    scope_.keep();
}

}  // namespace cleat::launch

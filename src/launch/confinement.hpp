// Room: launch. The control groups, the resctrl group and the scope that a plan asks for: made,
// owned until they are kept, with somebody in the scope until there is a process for it.
#pragma once

#include "cleat/base/error.hpp"
#include "cleat/plan/plan.hpp"
#include "guards.hpp"

namespace cleat::launch {

class Confinement {
 public:
    explicit Confinement(const plan::Plan& plan) : plan_(plan) {}

    [[nodiscard]] Result<void> apply(const plan::StartScope& step);
    [[nodiscard]] Result<void> apply(const plan::MakeCgroup& step);
    [[nodiscard]] Result<void> apply(const plan::WriteCgroup& step) const;
    [[nodiscard]] Result<void> apply(const plan::SetCgroupDevices& step) const;
    [[nodiscard]] Result<void> apply(const plan::DelegateCgroup& step) const;
    [[nodiscard]] Result<void> apply(const plan::MakeRdtGroup& step);
    [[nodiscard]] Result<void> apply(const plan::WriteRdtSchema& step) const;
    /// All steps of these kinds in the plan's host list.
    [[nodiscard]] Result<void> make();

    [[nodiscard]] bool has_stand_in() const noexcept { return stand_in_.pid() > 0; }
    void end_stand_in() noexcept { stand_in_.end(); }
    void keep() noexcept;

 private:
    [[nodiscard]] Result<void> move_stand_in(const plan::CgroupDirectory& directory);

    const plan::Plan& plan_;
    RdtGuard rdt_groups_;
    CgroupGuard cgroups_;
    ScopeGuard scope_;     // systemd is told last
    ChildGuard stand_in_;  // in the scope until the process is
};

}  // namespace cleat::launch

// Room: plan (layer 1, pure). The step vocabulary: what a container is made of. A step is plain
// data: no closures, no conditions, no pointers into the Spec. A fallback is a named policy inside
// one step. Every kind here is printed (print.hpp), checked for order (order.hpp) and applied by
// exactly one function (kernel, launch or cgroup).
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "cleat/plan/host_steps.hpp"
#include "cleat/plan/namespace_steps.hpp"
#include "cleat/plan/process_steps.hpp"
#include "cleat/plan/root_steps.hpp"

namespace cleat::plan {

using AnyStep = std::variant<
    StartScope, ChangeScope, MakeCgroup, WriteCgroup, SetCgroupDevices, DelegateCgroup,
    MakeSubgroup, MakeRdtGroup, WriteRdtSchema, JoinRdtGroups, OpenNamespace, MakeIdMapping,
    OpenSource, OpenContainer, OpenHookOutput, Clone, OpenNewNamespace, MoveNetDevice, WriteIdMaps,
    SetOomScoreAdj, RunHooks, Report, Await, ProtectInit, JoinCgroups, EnterSubgroup, JoinNamespace,
    JoinContainer, UnshareNamespaces, NewTimeNamespace, BecomeRoot, NewSession, BringUpLoopback,
    SetHostname, SetDomainname, SetSysctl, SetPropagation, OpenRoot, MountFilesystem, BindMount,
    Remount, MountCgroups, MakeDevice, MakeSymlink, SetUpConsole, MakeDirectory, SetMountReadonly,
    ChangeRoot, SetRootReadonly, SetRootPropagation, MaskPath, MakePathReadonly, JoinSessionKeyring,
    SetRlimit, SetScheduler, SetIoPriority, SetCpuAffinity, SetMemoryPolicy, SetPersonality,
    SetUmask, ChangeDirectory, SetHome, FindExecutable, AwaitStart, SetAppArmor, SetSelinuxLabel,
    SetUser, SetBoundingSet, SetCapabilities, SetNoNewPrivileges, LoadSeccomp, CloseFds, Exec>;

template <class T, class Variant>
inline constexpr bool kIsOneOf = false;
template <class T, class... Steps>
inline constexpr bool kIsOneOf<T, std::variant<Steps...>> = (std::is_same_v<T, Steps> || ...);

/// What a step does: a variant whose copies, moves and ends are compiled once (steps.cpp), as each
/// of them knows seventy types.
struct Action : AnyStep {
    template <class T>
        requires kIsOneOf<T, AnyStep>
    // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions): as a variant's
    Action(T step) noexcept : AnyStep(std::in_place_type<T>, std::move(step)) {}
    template <std::size_t index>
    explicit Action(std::in_place_index_t<index> which) : AnyStep(which) {}
    Action(const Action& other);
    Action(Action&& other) noexcept;
    Action& operator=(const Action& other);
    Action& operator=(Action&& other) noexcept;
    ~Action();
};

/// One step, and the property of config.json that asks for it ("" if none does).
struct Step {
    Action action;
    std::string origin;
};

}  // namespace cleat::plan

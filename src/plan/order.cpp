// Room: plan. What must hold for every plan, whatever is asked for. The compiler keeps this order
// by the way it is written; here it is said once more, as rules that every plan in the tests is
// held against.
#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "cleat/plan/plan.hpp"
#include "numbers.hpp"
#include "resources.hpp"

namespace cleat::plan {
namespace {

using List = std::span<const Step>;
using Broken = std::vector<std::string>;
using Is = bool (*)(const Action&);

template <class... Kinds>
bool is(const Action& action) {
    return (std::holds_alternative<Kinds>(action) || ...);
}

template <Gate gate>
bool awaits(const Action& action) {
    const auto* await = std::get_if<Await>(&action);
    return await != nullptr && await->gate == gate;
}

template <Gate gate>
bool reports(const Action& action) {
    const auto* report = std::get_if<Report>(&action);
    return report != nullptr && report->gate == gate;
}

bool unshares_cgroup(const Action& action) {
    const auto* unshare = std::get_if<UnshareNamespaces>(&action);
    return unshare != nullptr && (unshare->flags & kCloneNewCgroup) != 0;
}

bool is_anything(const Action& action) { return !action.valueless_by_exception(); }

constexpr Is kMount =
    is<SetPropagation, OpenRoot, MountFilesystem, BindMount, Remount, MountCgroups, MakeDevice>;
constexpr Is kHostView =
    is<SetPropagation, OpenRoot, MountFilesystem, BindMount, Remount, MountCgroups, MakeDevice,
       MakeSymlink, SetUpConsole, MakeDirectory, SetMountReadonly, SetSysctl, JoinNamespace,
       JoinContainer, SetRootReadonly>;
constexpr Is kJoin = is<JoinNamespace, JoinContainer>;
constexpr Is kRights = is<SetBoundingSet, SetUser, SetCapabilities>;

/// Where both are in a list, every `first` is before every `then`.
struct Rule {
    Is first;
    Is then;
    const char* text;
};

constexpr std::array kHostRules = std::to_array<Rule>({
    {is<StartScope>, is<MakeCgroup>, "systemd makes its part of the cgroups first"},
    {is<MakeCgroup, WriteCgroup, SetCgroupDevices>, is<DelegateCgroup>,
     "a cgroup has its limits before it is given away"},
    {is<DelegateCgroup>, is<MakeSubgroup>, "what is made below a cgroup has its owner"},
    {is<MakeCgroup, WriteCgroup, SetCgroupDevices>, reports<Gate::Confined>,
     "cgroups are there, limits and all, before init may join them"},
    {is<DelegateCgroup, MakeSubgroup>, is<Clone>, "cgroups are given away before the clone"},
    {is<MakeRdtGroup, WriteRdtSchema>, is<Clone>, "rdt groups are there before the clone"},
    {is<OpenNamespace, MakeIdMapping, OpenSource, OpenContainer, OpenHookOutput>, is<Clone>,
     "slots are filled before the clone"},
    {is<Clone>,
     is<JoinRdtGroups, OpenNewNamespace, MoveNetDevice, WriteIdMaps, SetOomScoreAdj, RunHooks,
        Report, Await>,
     "what concerns the child comes after the clone"},
    {reports<Gate::Confined>,
     is<JoinRdtGroups, OpenNewNamespace, MoveNetDevice, SetOomScoreAdj, RunHooks>,
     "init is met, and known by its pid, when its cgroups are there"},
    {is<WriteIdMaps, SetOomScoreAdj>, reports<Gate::IdMapsWritten>,
     "what needs a dumpable init is written before it may go on"},
    {is<MoveNetDevice>, awaits<Gate::Ready>, "devices are there before the process is"},
    {is_anything, reports<Gate::Committed>, "the commit is the last of the host's steps"},
});

constexpr Rule kProtection{is<ProtectInit>, kJoin,
                           "init is not dumpable before it joins anything (CVE-2016-9962)"};

constexpr std::array kJoinRules = std::to_array<Rule>({
    kProtection,
    {is<JoinCgroups>, kJoin, "cgroups are joined by the host's view of them"},
});

constexpr std::array kInitRules = std::to_array<Rule>({
    {awaits<Gate::Confined>, is<JoinCgroups>, "cgroups are joined when they are there"},
    {is<JoinCgroups>, kMount, "init is confined before it makes anything"},
    {is<JoinCgroups>, unshares_cgroup, "the cgroup namespace comes after joining the cgroups"},
    {unshares_cgroup, is<EnterSubgroup>,
     "the cgroup namespace is rooted above what it is left for"},
    {awaits<Gate::IdMapsWritten>, is<BecomeRoot>, "nobody becomes root before the id maps"},
    {awaits<Gate::IdMapsWritten>, kMount, "id maps come before the first mount"},
    {is<BecomeRoot>, kMount, "mounts are made as root of the user namespace"},
    {is<SetPropagation>, is<OpenRoot>, "mounts are cut off from the host before the root is made"},
    {is<OpenRoot>, is<MountFilesystem, BindMount, Remount, MountCgroups, MakeDevice, MakeSymlink>,
     "mounts and devices are inside a root that is open"},
    {is<MountFilesystem, BindMount, MountCgroups>, is<MakeDevice, MakeSymlink>,
     "devices are made in what is mounted"},
    {kHostView, is<ChangeRoot>, "nothing opens a host path after the root is changed"},
    {reports<Gate::MountsMade>, is<ChangeRoot>, "runtime hooks see the root before it is changed"},
    {is<MountFilesystem, BindMount, MountCgroups, MakeDevice, MakeSymlink, SetUpConsole,
        MakeDirectory>,
     is<SetMountReadonly, SetRootReadonly>, "nothing is made in a read-only mount"},
    {is<CloseFds>, is<LoadSeccomp>, "a filter need not allow close_range(2)"},
    {kRights, is<LoadSeccomp>, "seccomp is loaded after rights are dropped"},
    {is<SetNoNewPrivileges>, is<LoadSeccomp>, "no_new_privs comes before seccomp"},
    {is<ChangeRoot>, is<MaskPath, MakePathReadonly, SetRootPropagation>,
     "the root is changed before paths in it are masked"},
    {is<ChangeRoot>, is<ChangeDirectory, SetHome, FindExecutable>,
     "directory, HOME and program are the container's"},
    {is<ChangeRoot, MaskPath, MakePathReadonly, ChangeDirectory, FindExecutable>,
     reports<Gate::Ready>, "what may fail is done when init says that it is ready"},
    {awaits<Gate::Committed>, is<AwaitStart>, "start comes after the commit"},
    {awaits<Gate::Committed>, kRights, "rights are kept until the commit"},
    {is<SetBoundingSet>, is<SetUser>, "the bounding set is dropped while CAP_SETPCAP is effective"},
    {is<SetUser>, is<SetCapabilities>, "capabilities are set after the user"},
    {is<SetAppArmor, SetSelinuxLabel>, kRights, "labels are set while all rights are there"},
    {is_anything, is<Exec>, "exec is the last step"},
});

bool holds(const Rule& rule, List list) {
    bool then_seen = false;
    for (const auto& [action, origin] : list) {
        if (then_seen && rule.first(action)) return false;
        then_seen = then_seen || rule.then(action);
    }
    return true;
}

void check_rules(std::span<const Rule> rules, List list, Broken& broken) {
    for (const auto& rule : rules)
        if (!holds(rule, list)) broken.emplace_back(rule.text);
}

std::ptrdiff_t count(List list, Is kind) {
    return std::ranges::count_if(list, kind, &Step::action);
}

// ---- the lists as wholes -----------------------------------------------------------------------

constexpr Is kHostOnly =
    is<StartScope, ChangeScope, MakeCgroup, WriteCgroup, SetCgroupDevices, DelegateCgroup,
       MakeSubgroup, MakeRdtGroup, WriteRdtSchema, JoinRdtGroups, OpenNamespace, MakeIdMapping,
       OpenSource, OpenContainer, OpenHookOutput, Clone, OpenNewNamespace, MoveNetDevice,
       WriteIdMaps, SetOomScoreAdj>;
constexpr Is kEitherSide = is<RunHooks, Report, Await>;
constexpr Is kJoiner =
    is<ProtectInit, SetCpuAffinity, JoinCgroups, JoinNamespace, JoinContainer, BecomeRoot>;

void check_places(const Plan& plan, Broken& broken) {
    const auto hosts = [](const Action& action) {
        return kHostOnly(action) || kEitherSide(action);
    };
    if (!std::ranges::all_of(plan.host, hosts, &Step::action) ||
        !std::ranges::none_of(plan.init, kHostOnly, &Step::action) ||
        !std::ranges::all_of(plan.joiner, kJoiner, &Step::action))
        broken.emplace_back("every step is in the list of a process that can do it");
    if (count(plan.host, is<Clone>) != 1) broken.emplace_back("there is exactly one clone");
}

/// What init is born in is there before; of what it joins it is told.
void check_confinement(const Plan& plan, Broken& broken) {
    const bool waits = count(plan.init, awaits<Gate::Confined>) != 0;
    bool cloned = false;
    for (const auto& [action, origin] : plan.host) {
        const auto cgroup = cgroup_of(action);
        const bool beside = std::exchange(cloned, cloned || is<Clone>(action));
        if (!beside || !cgroup) continue;
        if (!waits || *cgroup >= plan.cgroups.size() || plan.cgroups[*cgroup].unified)
            broken.emplace_back("cgroups are there, limits and all, before the clone");
    }
}

void check_end(const Plan& plan, Broken& broken) {
    List rest(plan.init);
    const bool executes = !rest.empty() && is<Exec>(rest.back().action);
    if (executes) rest = rest.first(rest.size() - 1);
    const auto drop = [&rest](Is kind) {
        if (!rest.empty() && kind(rest.back().action)) rest = rest.first(rest.size() - 1);
    };
    if (count(plan.init, is<LoadSeccomp>) != 0) drop(is<RunHooks>);
    drop(is<LoadSeccomp>);
    if (!executes || rest.empty() || !is<CloseFds>(rest.back().action))
        broken.emplace_back("descriptors are closed immediately before exec (CVE-2024-21626)");
}

enum class Side { Host, Init };

/// One side's gates in order, each with who reports it.
std::vector<std::pair<Gate, Side>> gates(List list, Side own, Side other) {
    std::vector<std::pair<Gate, Side>> found;
    for (const auto& [action, origin] : list) {
        if (const auto* report = std::get_if<Report>(&action))
            found.emplace_back(report->gate, own);
        if (const auto* await = std::get_if<Await>(&action)) found.emplace_back(await->gate, other);
    }
    return found;
}

void check_gates(const Plan& plan, Broken& broken) {
    if (gates(plan.host, Side::Host, Side::Init) != gates(plan.init, Side::Init, Side::Host))
        broken.emplace_back("host and init meet at the same gates in the same order");
    if (count(plan.init, reports<Gate::Ready>) != 1 ||
        count(plan.init, awaits<Gate::Committed>) != 1)
        broken.emplace_back("init says once that it is ready, and waits for the commit");
    const bool maps = count(plan.host, is<WriteIdMaps>) != 0;
    if (maps != (count(plan.init, awaits<Gate::IdMapsWritten>) != 0))
        broken.emplace_back("init waits for the id maps if there are any");
}

/// The slot that a step fills, and the one that it needs.
struct SlotUse {
    std::optional<Slot> filled;
    std::optional<Slot> needed;
};

SlotUse slot_use(const Action& action) {
    if (const auto* opened = std::get_if<OpenNamespace>(&action)) return {opened->slot, {}};
    if (const auto* made = std::get_if<MakeIdMapping>(&action)) return {made->slot, {}};
    if (const auto* opened = std::get_if<OpenSource>(&action))
        return {opened->slot, opened->id_mapping};
    if (const auto* opened = std::get_if<OpenNewNamespace>(&action)) return {opened->slot, {}};
    if (const auto* moved = std::get_if<MoveNetDevice>(&action))
        return {{}, moved->network_namespace};
    if (const auto* opened = std::get_if<OpenContainer>(&action)) return {opened->slot, {}};
    if (const auto* opened = std::get_if<OpenHookOutput>(&action)) return {opened->slot, {}};
    if (const auto* made = std::get_if<MakeSubgroup>(&action)) return {made->slot, {}};
    if (const auto* entered = std::get_if<EnterSubgroup>(&action)) return {{}, entered->slot};
    if (const auto* hooks = std::get_if<RunHooks>(&action))
        return {{}, hooks->output ? hooks->output : hooks->errors};
    if (const auto* clone = std::get_if<Clone>(&action)) return {{}, clone->enter_pid_namespace};
    if (const auto* joined = std::get_if<JoinNamespace>(&action)) return {{}, joined->slot};
    if (const auto* joined = std::get_if<JoinContainer>(&action))
        return {{}, joined->root ? joined->root : joined->slot};
    if (const auto* root = std::get_if<OpenRoot>(&action)) return {{}, root->slot};
    if (const auto* mount = std::get_if<MountFilesystem>(&action)) return {{}, mount->filled_by};
    if (const auto* bind = std::get_if<BindMount>(&action))
        return {{}, bind->slot ? bind->slot : bind->id_mapping};
    if (const auto* device = std::get_if<MakeDevice>(&action)) return {{}, device->slot};
    return {};
}

void check_slots(const Plan& plan, Broken& broken) {
    std::vector<int> fillings(plan.slots);
    bool sound = true;
    for (const List list : {List(plan.host), List(plan.joiner), List(plan.init)}) {
        for (const auto& [action, origin] : list) {
            const auto [filled, needed] = slot_use(action);
            if (filled)
                sound = sound && filled->index < plan.slots && ++fillings[filled->index] == 1;
            if (needed) sound = sound && needed->index < plan.slots && fillings[needed->index] == 1;
        }
    }
    if (!sound || std::ranges::find(fillings, 0) != fillings.end())
        broken.emplace_back("every slot is filled once, before it is needed");
}

void check_cgroups(const Plan& plan, Broken& broken) {
    const bool is_new = count(plan.host, is<MakeCgroup>) != 0;
    std::vector<bool> made(plan.cgroups.size(), !is_new);
    for (const auto& [action, origin] : plan.host) {
        const auto cgroup = cgroup_of(action);
        if (!cgroup) continue;
        if (*cgroup >= plan.cgroups.size()) {
            broken.emplace_back("every cgroup that a step names is in the plan");
            continue;
        }
        if (is<MakeCgroup>(action)) made[*cgroup] = true;
        if (!made[*cgroup]) broken.emplace_back("a cgroup is made before it is written to");
    }
}

}  // namespace

std::vector<std::string> broken_invariants(const Plan& plan) {
    Broken broken;
    check_places(plan, broken);
    check_confinement(plan, broken);
    check_end(plan, broken);
    check_gates(plan, broken);
    check_slots(plan, broken);
    check_cgroups(plan, broken);
    check_rules(kHostRules, plan.host, broken);
    check_rules(kJoinRules, plan.joiner, broken);
    check_rules(kJoinRules, plan.init, broken);
    check_rules(kInitRules, plan.init, broken);
    return broken;
}

}  // namespace cleat::plan

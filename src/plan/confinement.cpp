// Room: plan. Control groups around the container.
#include "confinement.hpp"

#include <algorithm>

#include "cgroup_places.hpp"
#include "cleat/base/shortcuts.hpp"
#include "cleat/base/text.hpp"
#include "resources.hpp"
#include "scope.hpp"

namespace cleat::plan {
namespace {

const char* origin_of_cgroups(const Container& container) {
    return container.spec.linux.cgroups_path.empty() ? "" : "/linux/cgroupsPath";
}

spec::Resources resources_of(const spec::Spec& spec) {
    auto resources = spec.linux.resources.value_or(spec::Resources{});
    if (zero_means_no_pids_limit(spec.oci_version) && resources.pids && resources.pids->limit == 0)
        resources.pids->limit = -1;
    return resources;
}

void warn_of_missing_limits(const Container& container) {
    const auto& cgroups = container.plan.cgroups;
    if (cgroups.empty() && container.spec.linux.resources)
        container.warn("/linux/resources", "not limited: the container has no cgroup of its own");
    if (!cgroups.empty() && !devices_cgroup(cgroups))
        container.warn("/linux/resources/devices", "not limited: this host has no devices cgroup");
}

/// What the process's user is on the host; nothing if a user namespace that is joined keeps it to
/// itself.
std::optional<Uid> host_uid(const Container& container) {
    const auto uid = container.process().user.uid;
    if (!container.namespaces.has(spec::NamespaceType::User)) return uid;
    for (const auto& map : container.spec.linux.uid_mappings)
        if (uid.value >= map.container_id && uid.value - map.container_id < map.size)
            return Uid{map.host_id + (uid.value - map.container_id)};
    return std::nullopt;
}

bool shows_cgroup_writable(const spec::Mount& mount) {
    const auto has = [&](std::string_view option) {
        return std::ranges::find(mount.options, option) != mount.options.end();
    };
    return mount.source == "cgroup" && (mount.type == "cgroup" || mount.type == "cgroup2") &&
           normal_path(concat("/", mount.destination)) == "/sys/fs/cgroup" && !has("ro") &&
           !has("rro");
}

/// Cgroup v1 cannot be given away safely; without a cgroup namespace of its own, or a view that it
/// can write to, the container has no use for it (config-linux.md#cgroup-ownership).
Steps delegate(const Container& container) {
    Steps host;
    const auto& facts = container.facts;
    const auto& mounts = container.spec.mounts;
    const auto shown = std::ranges::find_if(mounts, shows_cgroup_writable);
    const auto owner = host_uid(container);
    if (facts.cgroup_mode != CgroupMode::Unified || shown == mounts.end() ||
        !container.namespaces.makes(spec::NamespaceType::Cgroup))
        return host;
    // What cleat makes is its own user's already, and only root may give more than that.
    if (!owner || *owner == facts.euid || !has_capability(facts.capabilities, kCapChown))
        return host;
    host.add(DelegateCgroup{.cgroup = *unified_index(container.plan.cgroups), .owner = *owner},
             pointer_push("/mounts", static_cast<std::size_t>(shown - mounts.begin())));
    return host;
}

constexpr const char* kScopeSubgroup = "/annotations/run.oci.systemd.subgroup";
constexpr const char* kSubgroup = "/annotations/run.oci.delegate-cgroup";

/// Only a cgroup v2 can be left to who is in it.
Result<Steps> make_subgroup(const Container& container) {
    Steps host;
    if (!container.subgroup) return host;
    if (container.facts.cgroup_mode != CgroupMode::Unified || container.plan.cgroups.empty())
        return refuse(ErrorKind::Unsupported, kSubgroup,
                      "needs a cgroup v2 of the container's own");
    host.add(MakeSubgroup{.cgroup = *unified_index(container.plan.cgroups),
                          .name = container.annotations.delegate_cgroup,
                          .slot = *container.subgroup},
             kSubgroup);
    return host;
}

/// Not where somebody else is on the way (systemd, a joiner) or init's rights change.
bool is_confined_beside(const Container& container) {
    const auto& namespaces = container.namespaces;
    return kShortcuts && has_v1(container.plan.cgroups) && container.plan.scope.unit.empty() &&
           !is_rootless(container.facts) && !namespaces.needs_joiner() &&
           !namespaces.has(spec::NamespaceType::User);
}

/// The first cgroup of a cpuset rewrites the kernel's text, for which it waits for all processors:
/// longer if they are busy.
bool is_made_beside(const CgroupDirectory& cgroup) {
    return !cgroup.unified &&
           std::ranges::find(cgroup.controllers, "cpuset") == cgroup.controllers.end();
}

Confinement divide(const Container& container, Steps steps) {
    Confinement confinement;
    if (!is_confined_beside(container)) return {.before = std::move(steps), .beside = {}};
    for (auto& step : std::move(steps).take()) {
        const auto cgroup = cgroup_of(step.action);
        const bool joined = cgroup && is_made_beside(container.plan.cgroups.at(*cgroup));
        (joined ? confinement.beside : confinement.before)
            .add(std::move(step.action), std::move(step.origin));
    }
    confinement.beside.add(Report{Gate::Confined});
    return confinement;
}

Result<Steps> all_steps(const Container& container) {
    const auto& cgroups = container.plan.cgroups;
    Steps host;
    warn_of_missing_limits(container);
    if (cgroups.empty()) return make_subgroup(container);
    const auto resources = resources_of(container.spec);
    const bool of_systemd = !container.plan.scope.unit.empty();
    const bool divided = of_systemd && !container.annotations.systemd_subgroup.empty();
    if (of_systemd) host += TRY(scope_steps(container, resources));
    for (std::size_t i = 0; i < cgroups.size(); ++i)
        host.add(MakeCgroup{.cgroup = static_cast<std::uint16_t>(i),
                            .shared = of_systemd,
                            .below_scope = divided},
                 divided ? kScopeSubgroup : origin_of_cgroups(container));
    // A rootless host may load no BPF program, and in its user namespace no device can be made.
    const auto devices = is_rootless(container.facts) ? OnFailure::Ignore : OnFailure::Refuse;
    host += TRY(
        resource_steps(resources, cgroups,
                       {.pointer = "/linux/resources", .age = CgroupAge::New, .devices = devices}));
    host += delegate(container);
    host += TRY(make_subgroup(container));
    return host;
}

}  // namespace

Result<Confinement> confine(const Container& container) {
    return divide(container, TRY(all_steps(container)));
}

Steps enter_subgroup(const Container& container) {
    Steps init;
    if (container.subgroup) init.add(EnterSubgroup{.slot = *container.subgroup}, kSubgroup);
    return init;
}

Steps join_cgroups(const Container& container) {
    Steps init;
    if (is_confined_beside(container)) init.add(Await{Gate::Confined});
    if (has_v1(container.plan.cgroups)) init.add(JoinCgroups{}, origin_of_cgroups(container));
    return init;
}

}  // namespace cleat::plan

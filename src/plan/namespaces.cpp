// Room: plan. Namespaces: opened by the host, made by clone, joined and furnished by init.
#include "namespaces.hpp"

#include <algorithm>

#include "cgroup_places.hpp"
#include "cleat/base/text.hpp"
#include "container.hpp"

namespace cleat::plan {
namespace {

using spec::NamespaceType;

// A cgroup namespace is rooted where its maker is, so init makes it after joining its cgroups; a
// time namespace takes its offsets only until the first process is in it (time_namespaces(7)).
constexpr std::uint64_t kMadeByInit = kCloneNewCgroup | kCloneNewTime;

/// A user namespace takes the rights over all others away, so it is joined last of all; the mount
/// namespace just before, because it changes the root.
int join_rank(NamespaceType type) {
    if (type == NamespaceType::User) return 2;
    return type == NamespaceType::Mount ? 1 : 0;
}

BecomeRoot become_root(const Container& container) {
    return {.keep_groups = container.annotations.keep_original_groups};
}

/// A pid namespace is entered by clone, for the child alone.
void add_joins(const Container& container, Steps& steps) {
    const auto& namespaces = container.namespaces;
    for (const auto& joined : namespaces.joined()) {
        if (joined.type == NamespaceType::Pid) continue;
        steps.add(JoinNamespace{.type = joined.type, .slot = joined.slot}, joined.origin);
    }
    if (namespaces.joins(NamespaceType::User)) steps.add(become_root(container));
}

}  // namespace

Namespaces::Namespaces(const spec::Linux& linux, const HostFacts& facts, std::uint16_t& slots)
    : rootless_(is_rootless(facts)) {
    for (std::size_t i = 0; i < linux.namespaces.size(); ++i) {
        const auto& ns = linux.namespaces[i];
        if (ns.path.empty()) {
            made_ |= clone_flag(ns.type);
        } else {
            joined_.push_back({.type = ns.type,
                               .path = ns.path,
                               .slot = Slot{slots++},
                               .origin = pointer_push("/linux/namespaces", i)});
        }
    }
    std::ranges::stable_sort(joined_, {},
                             [](const auto& joined) { return join_rank(joined.type); });
}

bool Namespaces::makes(NamespaceType type) const noexcept {
    return (made_ & clone_flag(type)) != 0;
}

bool Namespaces::joins(NamespaceType type) const noexcept {
    return std::ranges::any_of(joined_, [type](const auto& joined) { return joined.type == type; });
}

std::uint64_t Namespaces::clone_flags() const noexcept {
    return made_ & ~(kMadeByInit | made_as_root());
}

std::uint64_t Namespaces::made_as_root() const noexcept {
    return makes(NamespaceType::User) ? made_ & kCloneNewIpc : 0;
}

const JoinedNamespace* Namespaces::find_joined(NamespaceType type) const noexcept {
    const auto found = std::ranges::find(joined_, type, &JoinedNamespace::type);
    return found == joined_.end() ? nullptr : &*found;
}

bool Namespaces::needs_joiner() const noexcept {
    if (rootless_ && joins(NamespaceType::Pid)) return true;
    if (joins(NamespaceType::User)) return clone_flags() != 0;
    const auto not_pid = [](const auto& joined) { return joined.type != NamespaceType::Pid; };
    return makes(NamespaceType::User) && std::ranges::any_of(joined_, not_pid);
}

Steps open_namespaces(const Namespaces& namespaces) {
    Steps host;
    for (const auto& joined : namespaces.joined())
        host.add(OpenNamespace{.type = joined.type, .path = joined.path, .slot = joined.slot},
                 joined.origin);
    return host;
}

Steps clone_steps(const Container& container) {
    const auto* pid = container.namespaces.find_joined(NamespaceType::Pid);
    Steps host;
    host.add(Clone{.flags = container.namespaces.clone_flags(),
                   .enter_pid_namespace = pid == nullptr ? std::nullopt : std::optional(pid->slot),
                   .into_cgroup = unified_index(container.plan.cgroups)},
             "/linux/namespaces");
    return host;
}

Steps child_steps(const Container& container) {
    const auto& linux = container.spec.linux;
    Steps host;
    // Only the host may lower it. Without root's rights it reaches init's files in /proc only until
    // that is not dumpable, as for the id maps.
    if (const auto& adjustment = container.process().oom_score_adj)
        host.add(SetOomScoreAdj{.value = *adjustment}, "/process/oomScoreAdj");
    if (!container.namespaces.makes(NamespaceType::User)) return host;
    // Only the outside may map ids; init has none to become anybody with, and waits.
    host.add(WriteIdMaps{.uid_mappings = linux.uid_mappings,
                         .gid_mappings = linux.gid_mappings,
                         .privileged = container.facts.euid == Uid{0}},
             "/linux/uidMappings");
    host.add(Report{Gate::IdMapsWritten});
    return host;
}

Steps net_device_steps(const Container& container) {
    Steps host;
    const auto& devices = container.spec.linux.net_devices;
    if (devices.empty()) return host;
    Slot slot;
    if (const auto* joined = container.namespaces.find_joined(NamespaceType::Network)) {
        slot = joined->slot;
    } else {
        slot = container.take_slot();
        host.add(OpenNewNamespace{.type = NamespaceType::Network, .slot = slot},
                 "/linux/netDevices");
    }
    for (const auto& [name, device] : devices)
        host.add(MoveNetDevice{.name = name, .new_name = device.name, .network_namespace = slot},
                 pointer_push("/linux/netDevices", name));
    return host;
}

Steps protect_init(const Container& container) {
    Steps init;
    const bool mapped = container.namespaces.makes(NamespaceType::User);
    // The maps of a process that is not dumpable belong to root, so an unprivileged host must write
    // them before; there is nobody in the new user namespace yet to be protected from.
    const bool maps_first = mapped && container.facts.euid != Uid{0};
    if (!maps_first) init.add(ProtectInit{});
    if (mapped) init.add(Await{Gate::IdMapsWritten});
    if (maps_first) init.add(ProtectInit{});
    return init;
}

Steps joiner_steps(const Container& container) {
    Steps joiner;
    if (!container.namespaces.needs_joiner()) return joiner;
    joiner.add(ProtectInit{});
    add_joins(container, joiner);
    return joiner;
}

Steps enter_namespaces(const Container& container) {
    const auto& namespaces = container.namespaces;
    Steps init;
    if (!namespaces.needs_joiner()) add_joins(container, init);
    if (namespaces.makes(NamespaceType::User))
        init.add(become_root(container), "/linux/namespaces");
    const auto cgroup = namespaces.makes(NamespaceType::Cgroup) ? kCloneNewCgroup : 0;
    if (const auto flags = cgroup | namespaces.made_as_root(); flags != 0)
        init.add(UnshareNamespaces{.flags = flags}, "/linux/namespaces");
    if (namespaces.makes(NamespaceType::Time)) {
        const auto& offsets = container.spec.linux.time_offsets;
        init.add(NewTimeNamespace{.offsets = {offsets.begin(), offsets.end()}},
                 offsets.empty() ? "/linux/namespaces" : "/linux/timeOffsets");
    }
    return init;
}

Steps furnish_namespaces(const Container& container) {
    const auto& spec = container.spec;
    Steps init;
    if (container.namespaces.makes(NamespaceType::Network)) init.add(BringUpLoopback{});
    if (!spec.hostname.empty()) init.add(SetHostname{.name = spec.hostname}, "/hostname");
    if (!spec.domainname.empty()) init.add(SetDomainname{.name = spec.domainname}, "/domainname");
    for (const auto& [key, value] : spec.linux.sysctl)
        init.add(SetSysctl{.key = key, .value = value}, pointer_push("/linux/sysctl", key));
    return init;
}

}  // namespace cleat::plan

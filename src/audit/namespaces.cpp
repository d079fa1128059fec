// Room: audit. What the container shares with the host or with other containers; pure.
#include <algorithm>

#include "cleat/base/text.hpp"
#include "cleat/spec/decode.hpp"
#include "weaknesses.hpp"

namespace cleat::audit {
namespace {

using spec::NamespaceType;

struct Shared {
    NamespaceType type;
    Risk risk;
    std::string_view why;
};

constexpr Shared kShared[] = {
    {NamespaceType::Mount, Risk::Critical, "what it mounts and unmounts is the host's"},
    {NamespaceType::Pid, Risk::High, "it sees the host's processes and can signal and trace them"},
    {NamespaceType::Network, Risk::High,
     "it has the host's addresses, services on localhost and abstract sockets"},
    {NamespaceType::Ipc, Risk::Medium, "it reaches shared memory and semaphores of the host"},
    {NamespaceType::Uts, Risk::Low, "with CAP_SYS_ADMIN it renames the host"},
    {NamespaceType::Cgroup, Risk::Low, "it sees where the host's control groups lie"},
};

/// The entry that names the host's namespace by a path, or the list that lacks one.
std::string place_of(const spec::Spec& spec, NamespaceType type) {
    constexpr std::string_view kList = "/linux/namespaces";
    const auto& all = spec.linux.namespaces;
    const auto found = std::ranges::find(all, type, &spec::Namespace::type);
    if (found == all.end()) return std::string(kList);
    return concat(kList, "/", found - all.begin(), "/path");
}

void shared_with_host(Audit& audit) {
    for (const auto& shared : kShared) {
        if (audit.has_own(shared.type)) continue;
        const auto name = spec::name_of(shared.type);
        audit.add({.rule = Rule::HostNamespace,
                   .risk = audit.behind_users(shared.risk),
                   .pointer = place_of(audit.spec(), shared.type),
                   .why = concat("shares the host's ", name, " namespace: ", shared.why),
                   .fix = "write one of its type in /linux/namespaces, without a path"});
    }
}

void shared_with_others(Audit& audit) {
    if (!audit.has_own(NamespaceType::Pid)) return;
    const auto place = place_of(audit.spec(), NamespaceType::Pid);
    const auto& all = audit.spec().linux.namespaces;
    const auto entry = std::ranges::find(all, NamespaceType::Pid, &spec::Namespace::type);
    if (entry->path.empty()) return;
    audit.add(
        {.rule = Rule::SharedPidNamespace,
         .risk = Risk::Low,
         .pointer = place,
         .why = "joins a pid namespace: its processes and those that are there see each other",
         .fix = "leave out the path, or give nobody in it CAP_SYS_PTRACE"});
}

void users(Audit& audit) {
    const auto& linux = audit.spec().linux;
    if (!audit.has_own(NamespaceType::User)) {
        audit.add({.rule = Rule::NoUserNamespace,
                   .risk = Risk::Medium,
                   .pointer = place_of(audit.spec(), NamespaceType::User),
                   .why = "has no user namespace: who escapes has the same id on the host",
                   .fix = "add {\"type\": \"user\"} to /linux/namespaces, and mappings to ids that "
                          "nobody else has"});
        return;
    }
    for (std::size_t i = 0; i < linux.uid_mappings.size(); ++i)
        if (linux.uid_mappings[i].host_id == 0 && linux.uid_mappings[i].size > 0)
            audit.add({.rule = Rule::HostRootMapped,
                       .risk = Risk::Medium,
                       .pointer = concat("/linux/uidMappings/", i, "/hostID"),
                       .why = "an id of the container is the host's root, or its caller's",
                       .fix = "map ids from 1 on, best those of /etc/subuid"});
}

}  // namespace

void audit_namespaces(Audit& audit) {
    shared_with_host(audit);
    shared_with_others(audit);
    users(audit);
}

}  // namespace cleat::audit

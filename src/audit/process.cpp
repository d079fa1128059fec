// Room: audit. What the process may do: its user, its capabilities, what confines it; pure.
#include <algorithm>
#include <array>
#include <utility>

#include "cleat/base/text.hpp"
#include "weaknesses.hpp"

namespace cleat::audit {
namespace {

/// In a user namespace the kernel asks for these in the host's, and the container has them in vain.
enum class Reach { Host, Namespaces };

struct Capability {
    std::string_view name;
    Risk risk;
    Reach reach;
    std::string_view gives;
};

// capabilities(7). Those that engines grant to every container are left out, but for CAP_NET_RAW.
constexpr Capability kCapabilities[] = {
    {"CAP_SYS_ADMIN", Risk::Critical, Reach::Namespaces, "mounting, and most of what root can do"},
    {"CAP_SYS_MODULE", Risk::Critical, Reach::Host, "code in the kernel"},
    {"CAP_SYS_RAWIO", Risk::Critical, Reach::Host, "memory and ports of the machine"},
    {"CAP_DAC_READ_SEARCH", Risk::High, Reach::Host,
     "any file of a mounted file system, by its handle"},
    {"CAP_SYS_PTRACE", Risk::High, Reach::Namespaces,
     "memory and descriptors of every process that it sees"},
    {"CAP_BPF", Risk::High, Reach::Host, "programs in the kernel"},
    {"CAP_PERFMON", Risk::Medium, Reach::Host, "a view into the kernel and other processes"},
    {"CAP_SYS_BOOT", Risk::High, Reach::Host, "a restart of the machine, with another kernel"},
    {"CAP_MAC_ADMIN", Risk::High, Reach::Host, "other rules of the security module"},
    {"CAP_MAC_OVERRIDE", Risk::High, Reach::Host, "what the security module forbids"},
    {"CAP_NET_ADMIN", Risk::Medium, Reach::Namespaces, "interfaces, routes and firewalls"},
    {"CAP_NET_RAW", Risk::Low, Reach::Namespaces, "forged packets in its network"},
    {"CAP_SYSLOG", Risk::Medium, Reach::Host, "the kernel's log and addresses"},
    {"CAP_SYS_TIME", Risk::Medium, Reach::Host, "the clock of the machine"},
    {"CAP_SYS_RESOURCE", Risk::Medium, Reach::Host, "more than its limits"},
    {"CAP_SYS_NICE", Risk::Low, Reach::Host, "priority over the host's processes"},
    {"CAP_IPC_OWNER", Risk::Low, Reach::Namespaces, "shared memory of others"},
    {"CAP_IPC_LOCK", Risk::Low, Reach::Host, "memory that is never swapped out"},
    {"CAP_LINUX_IMMUTABLE", Risk::Low, Reach::Host, "files that nobody can change"},
    {"CAP_SYS_TTY_CONFIG", Risk::Low, Reach::Host, "terminals of others"},
    {"CAP_AUDIT_CONTROL", Risk::Medium, Reach::Host, "an end of the kernel's audit"},
    {"CAP_AUDIT_READ", Risk::Medium, Reach::Host, "the kernel's audit log"},
    {"CAP_CHECKPOINT_RESTORE", Risk::Medium, Reach::Namespaces, "memory of its other processes"},
    {"CAP_WAKE_ALARM", Risk::Low, Reach::Host, "waking the machine"},
    {"CAP_BLOCK_SUSPEND", Risk::Low, Reach::Host, "keeping the machine awake"},
};

using Sets = std::array<std::pair<std::string_view, const std::vector<std::string>*>, 5>;

Sets sets_of(const spec::Capabilities& all) {
    return {{{"bounding", &all.bounding},
             {"effective", &all.effective},
             {"permitted", &all.permitted},
             {"inheritable", &all.inheritable},
             {"ambient", &all.ambient}}};
}

/// Where the capability is named first.
std::string place_of(const Sets& sets, std::string_view name) {
    for (const auto& [set, names] : sets) {
        const auto found = std::ranges::find(*names, name);
        if (found != names->end())
            return concat("/process/capabilities/", set, "/", found - names->begin());
    }
    return {};
}

void capabilities(Audit& audit, const spec::Capabilities& all) {
    const auto sets = sets_of(all);
    for (const auto& capability : kCapabilities) {
        auto pointer = place_of(sets, capability.name);
        if (pointer.empty()) continue;
        // At best a fault of the kernel's makes anything of it.
        const bool vain = capability.reach == Reach::Host;
        const auto less = audit.behind_users(capability.risk);
        if (vain && less != capability.risk) continue;
        audit.add({.rule = Rule::Capability,
                   .risk = less,
                   .pointer = std::move(pointer),
                   .why = concat(capability.name, " gives ", capability.gives),
                   .fix = "take it out of every set that has it"});
    }
    for (const auto* set : {"inheritable", "ambient"}) {
        const auto& names = std::string_view(set) == "ambient" ? all.ambient : all.inheritable;
        if (names.empty()) continue;
        audit.add({.rule = Rule::InheritableCapabilities,
                   .risk = Risk::Low,
                   .pointer = concat("/process/capabilities/", set),
                   .why = "programs keep capabilities that their users are not to have",
                   .fix = "leave the set empty"});
    }
}

void user(Audit& audit, const spec::Process& process) {
    if (process.user.uid.value != 0) return;
    if (audit.behind_users(Risk::Medium) != Risk::Medium) return;
    audit.add({.rule = Rule::RootUser,
               .risk = Risk::Medium,
               .pointer = "/process/user/uid",
               .why = "is root: to the kernel the same as the host's",
               .fix = "name another user, or map root to nobody in a user namespace"});
}

void confinement(Audit& audit, const spec::Process& process) {
    if (!process.no_new_privileges)
        audit.add({.rule = Rule::NewPrivileges,
                   .risk = audit.behind_users(Risk::Medium),
                   .pointer = "/process/noNewPrivileges",
                   .why = "set-user-ID programs and file capabilities of the image give rights",
                   .fix = "write \"noNewPrivileges\": true"});
    const bool unconfined =
        process.apparmor_profile.empty() || process.apparmor_profile == "unconfined";
    if (unconfined && process.selinux_label.empty())
        audit.add(
            {.rule = Rule::NoSecurityModule,
             .risk = Risk::Low,
             .pointer = process.apparmor_profile.empty() ? "/process" : "/process/apparmorProfile",
             .why = "no security module confines the process",
             .fix = "name an apparmorProfile or a selinuxLabel, as the host has it"});
}

void priority(Audit& audit, const spec::Process& process) {
    const auto add = [&](const char* pointer, const char* why, std::string_view fix) {
        audit.add({.rule = Rule::Priority,
                   .risk = Risk::Low,
                   .pointer = pointer,
                   .why = why,
                   .fix = fix});
    };
    if (process.oom_score_adj.value_or(0) < 0)
        add("/process/oomScoreAdj", "when memory runs out, processes of the host end before it",
            "write 0 or more");
    constexpr std::string_view kFirst[] = {"SCHED_FIFO", "SCHED_RR", "SCHED_DEADLINE"};
    if (process.scheduler &&
        std::ranges::find(kFirst, process.scheduler->policy) != std::end(kFirst))
        add("/process/scheduler/policy", "it runs before all that is not real-time on its CPUs",
            "write \"SCHED_OTHER\", or limit it to CPUs of its own");
}

void address_space(Audit& audit) {
    const auto& personality = audit.spec().linux.personality;
    if (!personality) return;
    const auto& flags = personality->flags;
    const auto found = std::ranges::find_if(flags, [](std::string_view flag) {
        return flag.ends_with("ADDR_NO_RANDOMIZE") || flag.ends_with("READ_IMPLIES_EXEC");
    });
    if (found == flags.end()) return;
    audit.add({.rule = Rule::AddressSpace,
               .risk = Risk::Low,
               .pointer = concat("/linux/personality/flags/", found - flags.begin()),
               .why = concat(*found, " makes faults of its programs easier to use"),
               .fix = "leave the flag out"});
}

}  // namespace

void audit_process(Audit& audit) {
    address_space(audit);
    const auto& process = audit.spec().process;
    if (!process) return;
    user(audit, *process);
    if (process->capabilities) capabilities(audit, *process->capabilities);
    confinement(audit, *process);
    priority(audit, *process);
}

}  // namespace cleat::audit

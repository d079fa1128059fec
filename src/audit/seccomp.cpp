// Room: audit. What a seccomp profile lets through; pure.
#include <algorithm>

#include "cleat/base/text.hpp"
#include "weaknesses.hpp"

namespace cleat::audit {
namespace {

using spec::SeccompAction;

// Calls that no profile of an engine allows to a container without more capabilities: they reach
// parts of the kernel that containers have no use for, and where its faults were.
constexpr std::string_view kCalls[] = {
    "acct",
    "add_key",
    "bpf",
    "clock_settime",
    "delete_module",
    "finit_module",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "init_module",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "ioperm",
    "iopl",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "mount",
    "mount_setattr",
    "move_mount",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "pivot_root",
    "quotactl",
    "reboot",
    "request_key",
    "setns",
    "settimeofday",
    "swapoff",
    "swapon",
    "syslog",
    "umount2",
    "unshare",
    "userfaultfd",
};

bool passes(SeccompAction action) {
    return action == SeccompAction::Allow || action == SeccompAction::Log;
}

constexpr std::size_t kDefault = ~std::size_t{0};

/// Which rule lets a call through whatever its arguments are; nullopt if none does.
std::optional<std::size_t> let_through(const spec::Seccomp& seccomp, std::string_view call) {
    for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i) {
        const auto& rule = seccomp.syscalls[i];
        if (std::ranges::find(rule.names, call) == rule.names.end()) continue;
        // A rule like the default is none (so have it libseccomp and cleat).
        const bool other =
            rule.action != seccomp.default_action || rule.errno_ret != seccomp.default_errno_ret;
        if (!rule.args.empty() || !other) continue;
        if (passes(rule.action)) return i;
        return std::nullopt;
    }
    if (passes(seccomp.default_action)) return kDefault;
    return std::nullopt;
}

void calls(Audit& audit, const spec::Seccomp& seccomp, std::size_t rule) {
    std::vector<std::string> names;
    for (const auto call : kCalls)
        if (let_through(seccomp, call) == rule) names.emplace_back(call);
    if (names.empty()) return;
    audit.add({.rule = Rule::SeccompCalls,
               .risk = Risk::Medium,
               .pointer = rule == kDefault ? "/linux/seccomp/defaultAction"
                                           : concat("/linux/seccomp/syscalls/", rule),
               .why = concat("allows ", join(names, ", ")),
               .fix = rule == kDefault ? "write \"SCMP_ACT_ERRNO\", and list what is needed"
                                       : "take them out of the rule's names"});
}

}  // namespace

void audit_seccomp(Audit& audit) {
    const auto& seccomp = audit.spec().linux.seccomp;
    if (!seccomp) {
        audit.add(
            {.rule = Rule::NoSeccomp,
             .risk = Risk::High,
             .pointer = "/linux/seccomp",
             .why = "every system call can be made, also those in which faults are found",
             .fix = "add a profile that lists what is allowed, such as the engines' default"});
        return;
    }
    if (passes(seccomp->default_action))
        audit.add({.rule = Rule::SeccompDefault,
                   .risk = Risk::Medium,
                   .pointer = "/linux/seccomp/defaultAction",
                   .why = "a profile of what is forbidden does not know the next kernel's calls",
                   .fix = "write \"SCMP_ACT_ERRNO\", and list what is allowed"});
    for (std::size_t i = 0; i < seccomp->syscalls.size(); ++i) calls(audit, *seccomp, i);
    calls(audit, *seccomp, kDefault);
}

}  // namespace cleat::audit

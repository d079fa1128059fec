// Room: spec. Rules of /linux/seccomp (config-linux.md#seccomp).
#include <algorithm>
#include <array>

#include "check.hpp"

namespace cleat::spec {
namespace {

constexpr std::array<std::string_view, 24> kArchitectures = {
    "SCMP_ARCH_X86",     "SCMP_ARCH_X86_64",   "SCMP_ARCH_X32",         "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",
    "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",     "SCMP_ARCH_LOONGARCH64",
    "SCMP_ARCH_M68K",    "SCMP_ARCH_SH",       "SCMP_ARCH_SHEB",        "SCMP_ARCH_NATIVE"};
constexpr std::array<std::string_view, 4> kFlags = {
    "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};

void check_names(const std::vector<std::string>& names, const auto& known,
                 const std::string& pointer, Complaints& complaints) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (std::ranges::find(known, names[i]) == known.end())
            complaints.add(concat(pointer, "/", i), concat("unknown name ", quoted(names[i])));
}

bool takes_errno(SeccompAction action) {
    return action == SeccompAction::Errno || action == SeccompAction::Trace;
}

/// seccomp(2): 16 bits reach a tracer; of an errno the kernel caps what is more than MAX_ERRNO.
void check_errno(SeccompAction action, const std::optional<std::uint32_t>& value,
                 const std::string& pointer, Complaints& complaints) {
    const std::uint32_t most = action == SeccompAction::Trace ? 65535 : 4095;
    if (value && takes_errno(action) && *value > most)
        complaints.add(pointer, concat("errnoRet must be 0 to ", most));
}

/// A profile under which nothing could be executed is a mistake: no container could start.
void check_execve(const Seccomp& seccomp, Complaints& complaints) {
    const auto lets_pass = [](SeccompAction action) {
        return action == SeccompAction::Allow || action == SeccompAction::Log ||
               action == SeccompAction::Trace || action == SeccompAction::Notify;
    };
    if (lets_pass(seccomp.default_action)) return;
    for (const auto& rule : seccomp.syscalls)
        if (lets_pass(rule.action) && std::ranges::find(rule.names, "execve") != rule.names.end())
            return;
    complaints.add("/linux/seccomp",
                   concat("no rule allows execve, and the default is ",
                          name_of(seccomp.default_action), ": no program could be started"));
}

void check_rule(const SeccompSyscall& rule, const std::string& pointer, Complaints& complaints) {
    constexpr std::uint32_t kArguments = 6;
    if (rule.names.empty()) complaints.add(pointer + "/names", "must name a system call");
    for (std::size_t i = 0; i < rule.names.size(); ++i)
        if (rule.names[i].empty())
            complaints.add(concat(pointer, "/names/", i),
                           "the name of a system call must not be empty");
    // Podman's profiles give 0 together with actions that take none: it changes nothing.
    if (rule.errno_ret.value_or(0) != 0 && !takes_errno(rule.action))
        complaints.add(pointer + "/errnoRet",
                       concat("errnoRet has no meaning with ", name_of(rule.action)));
    check_errno(rule.action, rule.errno_ret, pointer + "/errnoRet", complaints);
    for (std::size_t i = 0; i < rule.args.size(); ++i)
        if (rule.args[i].index >= kArguments)
            complaints.add(concat(pointer, "/args/", i, "/index"), "arg index must be 0 to 5");
}

}  // namespace

void check_seccomp(const Seccomp& seccomp, std::string_view listener, Complaints& complaints) {
    const std::string pointer = "/linux/seccomp";
    if (seccomp.default_action == SeccompAction::Notify)
        complaints.add(pointer + "/defaultAction",
                       "SCMP_ACT_NOTIFY as the default would stop the runtime itself");
    if (seccomp.default_errno_ret.value_or(0) != 0 && !takes_errno(seccomp.default_action))
        complaints.add(pointer + "/defaultErrnoRet",
                       concat("errnoRet has no meaning with ", name_of(seccomp.default_action)));
    check_errno(seccomp.default_action, seccomp.default_errno_ret, pointer + "/defaultErrnoRet",
                complaints);
    check_execve(seccomp, complaints);
    check_names(seccomp.architectures, kArchitectures, pointer + "/architectures", complaints);
    if (seccomp.flags) check_names(*seccomp.flags, kFlags, pointer + "/flags", complaints);
    bool notifies = false;
    for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i) {
        check_rule(seccomp.syscalls[i], concat(pointer, "/syscalls/", i), complaints);
        notifies = notifies || seccomp.syscalls[i].action == SeccompAction::Notify;
    }
    if (notifies && listener.empty())
        complaints.add(pointer + "/listenerPath", "SCMP_ACT_NOTIFY needs a listener");
    if (!listener.empty() && !listener.starts_with('/'))
        complaints.add(pointer + "/listenerPath", "must be an absolute path");
    if (!seccomp.listener_metadata.empty() && listener.empty())
        complaints.add(pointer + "/listenerMetadata", "needs a listenerPath");
}

}  // namespace cleat::spec

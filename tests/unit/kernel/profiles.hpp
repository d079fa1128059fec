// Tests of room kernel: seccomp profiles and the calls that they are asked about.
#pragma once

#include <linux/seccomp.h>
#include <seccomp.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "../../../src/kernel/seccomp_filter.hpp"
#include "cleat/spec/config.hpp"

namespace cleat::test {

using spec::SeccompAction;
using spec::SeccompOperator;

inline constexpr kernel::Architecture kX86[] = {
    {SCMP_ARCH_X86_64}, {SCMP_ARCH_X86}, {SCMP_ARCH_X32}};

/// Everything but the rules: what is not allowed fails with EPERM.
inline spec::Seccomp profile(std::vector<spec::SeccompSyscall> rules) {
    spec::Seccomp seccomp;
    seccomp.default_action = SeccompAction::Errno;
    seccomp.syscalls = std::move(rules);
    return seccomp;
}

inline spec::SeccompSyscall rule(SeccompAction action, std::vector<std::string> names,
                                 std::optional<std::uint32_t> errno_ret = std::nullopt,
                                 std::vector<spec::SeccompArg> args = {}) {
    return {.names = std::move(names),
            .action = action,
            .errno_ret = errno_ret,
            .args = std::move(args)};
}

inline spec::SeccompSyscall allow(std::vector<std::string> names,
                                  std::vector<spec::SeccompArg> args = {}) {
    return rule(SeccompAction::Allow, std::move(names), std::nullopt, std::move(args));
}

/// All is allowed but what the rules say.
inline spec::Seccomp permissive(std::vector<spec::SeccompSyscall> rules) {
    spec::Seccomp seccomp = profile(std::move(rules));
    seccomp.default_action = SeccompAction::Allow;
    return seccomp;
}

/// A profile as engines have it: an allow list, conditions, another errno for one call.
inline spec::Seccomp engine_profile() {
    return profile({
        allow({"read",
               "write",
               "openat",
               "close",
               "socket",
               "connect",
               "accept",
               "recvmsg",
               "semop",
               "shmget",
               "msgsnd",
               "execve",
               "exit_group",
               "futex",
               "mmap",
               "mmap2",
               "brk",
               "clone3",
               "rt_sigreturn",
               "nanosleep",
               "clock_gettime",
               "clock_gettime64",
               "cacheflush",
               "getdents64",
               "fstatat64",
               "newfstatat",
               "epoll_pwait2",
               "faccessat2",
               "stat",
               "no_such_call",
               "landlock_create_ruleset"}),
        allow({"personality"}, {{.index = 0, .value = 0}}),
        allow({"personality"}, {{.index = 0, .value = 8}}),
        allow({"personality"}, {{.index = 0, .value = 0xffffffff}}),
        allow({"clone"}, {{.index = 0,
                           .value = 0x7e020000,
                           .value_two = 0,
                           .op = SeccompOperator::MaskedEqual}}),
        rule(SeccompAction::Errno, {"clone3", "getpid"}, ENOSYS),
        rule(SeccompAction::KillProcess, {"reboot"}),
        rule(SeccompAction::Trace, {"ptrace"}, 7),
    });
}

inline ::seccomp_data call(std::uint32_t arch, std::uint32_t number, std::uint64_t argument = 0) {
    ::seccomp_data data{};
    data.arch = arch;
    data.nr = static_cast<int>(number);
    data.args[0] = argument;
    return data;
}

inline std::uint32_t native() { return ::seccomp_arch_native(); }

inline std::uint32_t number_of(const char* name) {
    return static_cast<std::uint32_t>(::seccomp_syscall_resolve_name(name));
}

}  // namespace cleat::test

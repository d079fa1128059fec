// Room: kernel. The two ways from a seccomp profile to a BPF program, and what they share.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/spec/config.hpp"

namespace cleat::kernel {

/// An architecture as libseccomp names it: an AUDIT_ARCH_* but for x32.
struct Architecture {
    std::uint32_t token = 0;
    bool operator==(const Architecture&) const = default;
};

/// The native architecture and those of the profile that processes of this machine can have.
[[nodiscard]] std::vector<Architecture> seccomp_architectures(const spec::Seccomp& seccomp);

/// SECCOMP_RET_* with its data; no `errno_ret` is EPERM (config-linux.md#seccomp).
[[nodiscard]] std::uint32_t seccomp_return(spec::SeccompAction action,
                                           std::optional<std::uint32_t> errno_ret) noexcept;

/// A system call's number; negative: libseccomp's pseudo numbers for a call that the architecture
/// does not have, or has through socketcall(2) or ipc(2); nullopt: nobody knows the name.
[[nodiscard]] std::optional<int> syscall_number(Architecture architecture, const std::string& name);

/// The same of a call whose number on x86_64 is known, without a look at its name: the library
/// compares each with dozens of others there. nullopt: ask it.
[[nodiscard]] std::optional<int> syscall_number_beside(Architecture architecture,
                                                       int on_x86_64) noexcept;

/// Two conditions on one argument: libseccomp refuses them, and other runtimes then take each
/// condition of the rule for a rule of its own. So it is here.
[[nodiscard]] bool has_repeated_argument(const spec::SeccompSyscall& rule) noexcept;

/// The last system call number that a profile without newer ones is taken to know of: that of
/// Linux 5.14, the oldest kernel that cleat runs on. All architectures number alike from 424 on.
inline constexpr std::uint32_t kNewestAssumed = 447;

/// Whether unknown newer calls are to fail with ENOSYS: only where the profile's default is some
/// other error, which C libraries do not take for "not there, fall back to the older call".
[[nodiscard]] bool wants_enosys(const spec::Seccomp& seccomp) noexcept;

/// Whether emit_seccomp knows the architecture.
[[nodiscard]] bool can_emit(Architecture architecture) noexcept;

/// The program of any length as cleat writes it: per architecture a binary search over ranges of
/// numbers. Made some forty times faster than libseccomp does it for the profiles of engines (0.2
/// ms, not 10). `architectures` holds only those that can_emit() knows.
[[nodiscard]] std::vector<::sock_filter> emit_seccomp(const spec::Seccomp& seccomp,
                                                      std::span<const Architecture> architectures);

/// The program as libseccomp makes it: for the other architectures, and the reference in tests.
[[nodiscard]] Result<std::vector<::sock_filter>> compile_with_library(
    const spec::Seccomp& seccomp, std::span<const Architecture> architectures);

/// In front of a program of libseccomp: ENOSYS for calls that are newer than the profile knows.
void prepend_enosys(std::vector<::sock_filter>& program, const spec::Seccomp& seccomp,
                    std::span<const Architecture> architectures);

}  // namespace cleat::kernel

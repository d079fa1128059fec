// Room: lifecycle. What the features document says beyond the names that spec keeps. A name stands
// here only if a container can be made with it; the integration tests hold the tables to that.
#pragma once

#include <string_view>

namespace cleat::lifecycle {

inline constexpr std::string_view kHookNames[] = {
    "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"};

/// Profiles may name these (libseccomp's names with the specification's prefix): a filter is
/// compiled for those that processes of this machine can have.
inline constexpr std::string_view kSeccompArchitectures[] = {
    "SCMP_ARCH_X86",     "SCMP_ARCH_X86_64",   "SCMP_ARCH_X32",         "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",
    "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",     "SCMP_ARCH_LOONGARCH64",
    "SCMP_ARCH_M68K",    "SCMP_ARCH_SH",       "SCMP_ARCH_SHEB"};

inline constexpr std::string_view kSeccompFlags[] = {
    "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC",
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};

/// set_mempolicy(2).
inline constexpr std::string_view kMemoryPolicyModes[] = {
    "MPOL_DEFAULT", "MPOL_BIND",      "MPOL_INTERLEAVE",    "MPOL_WEIGHTED_INTERLEAVE",
    "MPOL_LOCAL",   "MPOL_PREFERRED", "MPOL_PREFERRED_MANY"};
inline constexpr std::string_view kMemoryPolicyFlags[] = {
    "MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"};

}  // namespace cleat::lifecycle

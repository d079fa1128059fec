// Room: kernel. Names of system calls to numbers. Runs in the host process, before the clone.
#include <seccomp.h>

#include <algorithm>
#include <iterator>

#include "seccomp_filter.hpp"

namespace cleat::kernel {
namespace {

struct NewCall {
    std::string_view name;
    int number;
};

// Calls that are newer than the libseccomp of long-term distributions, so that a profile that names
// them is obeyed. From 424 on every architecture that can_emit() knows numbers alike
// (scripts/syscall.tbl).
constexpr NewCall kNewCalls[] = {
    {"set_mempolicy_home_node", 450},
    {"cachestat", 451},
    {"fchmodat2", 452},
    {"map_shadow_stack", 453},
    {"futex_wake", 454},
    {"futex_wait", 455},
    {"futex_requeue", 456},
    {"statmount", 457},
    {"listmount", 458},
    {"lsm_get_self_attr", 459},
    {"lsm_set_self_attr", 460},
    {"lsm_list_modules", 461},
    {"mseal", 462},
    {"setxattrat", 463},
    {"getxattrat", 464},
    {"listxattrat", 465},
    {"removexattrat", 466},
    {"open_tree_attr", 467},
    {"file_getattr", 468},
    {"file_setattr", 469},
};

}  // namespace

bool can_emit(Architecture architecture) noexcept {
    constexpr std::uint32_t kKnown[] = {SCMP_ARCH_X86_64,  SCMP_ARCH_X86, SCMP_ARCH_X32,
                                        SCMP_ARCH_AARCH64, SCMP_ARCH_ARM, SCMP_ARCH_RISCV64};
    return std::ranges::find(kKnown, architecture.token) != std::end(kKnown);
}

std::optional<int> syscall_number(Architecture architecture, const std::string& name) {
    constexpr int kX32Bit = 0x40000000;  // __X32_SYSCALL_BIT
    const int number = ::seccomp_syscall_resolve_name_arch(architecture.token, name.c_str());
    if (number != __NR_SCMP_ERROR) return number;
    if (!can_emit(architecture)) return std::nullopt;
    const auto found = std::ranges::find(kNewCalls, name, &NewCall::name);
    if (found == std::end(kNewCalls)) return std::nullopt;
    return architecture.token == SCMP_ARCH_X32 ? found->number + kX32Bit : found->number;
}

}  // namespace cleat::kernel

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

constexpr int kBitOfX32 = 0x40000000;  // __X32_SYSCALL_BIT
constexpr int kCommon = 424;           // from here on all architectures number alike

/// What 32-bit x86 calls what x86_64 has under these numbers, from 0 on; negative as in
/// syscall_number() (arch/x86/entry/syscalls).
constexpr std::int16_t kNone = -10000;
constexpr std::int16_t kX86[] = {
    3,    4,    5,    6,    106,   108,   107,  168,   19,   90,   125,  91,   45,   174,  175,
    173,  54,   180,  181,  145,   146,   33,   42,    82,   158,  163,  144,  218,  219,  -223,
    -221, -224, 41,   63,   29,    162,   105,  27,    104,  20,   187,  -101, -103, -105, -111,
    -112, -116, -117, -113, -102,  -104,  -106, -107,  -108, -114, -115, 120,  2,    190,  11,
    1,    114,  37,   122,  -202,  -201,  -203, -222,  -213, -211, -212, -214, 55,   143,  118,
    148,  92,   93,   141,  183,   12,    133,  38,    39,   40,   8,    9,    10,   83,   85,
    15,   94,   182,  95,   16,    60,    78,   76,    77,   116,  43,   26,   24,   103,  47,
    23,   46,   49,   50,   57,    64,    65,   66,    70,   71,   80,   81,   164,  165,  170,
    171,  132,  138,  139,  147,   184,   185,  176,   177,  178,  179,  186,  30,   14,   86,
    136,  62,   99,   100,  135,   96,    97,   154,   155,  156,  157,  159,  160,  161,  150,
    151,  152,  153,  111,  123,   217,   149,  172,   384,  124,  75,   61,   36,   51,   79,
    21,   52,   87,   115,  88,    74,    121,  110,   101,  127,  128,  129,  130,  167,  131,
    169,  188,  189,  137,  kNone, kNone, 224,  225,   226,  227,  228,  229,  230,  231,  232,
    233,  234,  235,  236,  237,   238,   13,   240,   241,  242,  243,  245,  246,  247,  248,
    249,  244,  253,  254,  kNone, kNone, 257,  220,   258,  0,    -204, 250,  259,  260,  261,
    262,  263,  264,  265,  266,   267,   252,  256,   255,  270,  271,  273,  274,  276,  275,
    277,  278,  279,  280,  281,   282,   283,  284,   286,  287,  288,  289,  290,  291,  292,
    293,  294,  295,  296,  297,   298,   299,  kNone, 301,  302,  303,  304,  305,  306,  307,
    308,  309,  310,  311,  312,   313,   315,  314,   316,  317,  320,  319,  321,  322,  323,
    324,  325,  326,  -118, 327,   328,   329,  330,   331,  332,  333,  334,  335,  336,  -119,
    338,  339,  340,  341,  342,   343,   344,  -120,  346,  318,  347,  348,  349,  350,  351,
    352,  353,  354,  355,  356,   kNone, 357,  358,   374,  375,  376,  377,  378,  379,  380,
    381,  382,  383,  385,  386,
};
/// Those that x32 has under another number, or not at all.
constexpr std::uint16_t kNotOnX32[] = {
    13,  15,  16,  19,  20,  45,  46,  47,  54,  55,  59,  101, 127, 128, 129, 131,
    134, 156, 174, 177, 178, 180, 205, 206, 209, 211, 214, 215, 222, 236, 244, 246,
    247, 273, 274, 278, 279, 295, 296, 297, 299, 307, 310, 311, 322, 327, 328,
};

}  // namespace

bool can_emit(Architecture architecture) noexcept {
    constexpr std::uint32_t kKnown[] = {SCMP_ARCH_X86_64,  SCMP_ARCH_X86, SCMP_ARCH_X32,
                                        SCMP_ARCH_AARCH64, SCMP_ARCH_ARM, SCMP_ARCH_RISCV64};
    return std::ranges::find(kKnown, architecture.token) != std::end(kKnown);
}

std::optional<int> syscall_number(Architecture architecture, const std::string& name) {
    const int number = ::seccomp_syscall_resolve_name_arch(architecture.token, name.c_str());
    if (number != __NR_SCMP_ERROR) return number;
    if (!can_emit(architecture)) return std::nullopt;
    const auto found = std::ranges::find(kNewCalls, name, &NewCall::name);
    if (found == std::end(kNewCalls)) return std::nullopt;
    return architecture.token == SCMP_ARCH_X32 ? found->number + kBitOfX32 : found->number;
}

std::optional<int> syscall_number_beside(Architecture architecture, int on_x86_64) noexcept {
    constexpr int kListed = std::size(kX86);
    if (on_x86_64 < 0) return std::nullopt;
    if (architecture.token == SCMP_ARCH_X86) {
        if (on_x86_64 < kListed) return kX86[on_x86_64];
        if (on_x86_64 >= kCommon) return on_x86_64;
    }
    if (architecture.token == SCMP_ARCH_X32 && on_x86_64 < kListed &&
        !std::ranges::binary_search(kNotOnX32, on_x86_64))
        return on_x86_64 + kBitOfX32;
    return std::nullopt;
}

}  // namespace cleat::kernel

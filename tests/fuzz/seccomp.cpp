// Profiles of seccomp: the filter that cleat writes, run on calls near what the profile names, is
// compared with what the profile says and, where that can express it, with libseccomp's filter.
#include <linux/audit.h>
#include <seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>

#include "../../src/kernel/seccomp_filter.hpp"
#include "../unit/kernel/bpf.hpp"
#include "fuzz.hpp"

namespace {

using namespace cleat;
using kernel::Architecture;
using spec::SeccompAction;
using spec::SeccompOperator;
using Program = std::vector<::sock_filter>;

/// Takes decisions from bytes; those that are missing are 0.
class Choices {
 public:
    explicit Choices(std::string_view bytes) : rest_(bytes) {}
    unsigned below(unsigned limit) {
        const unsigned chosen = rest_.empty() ? 0 : static_cast<unsigned char>(rest_[0]);
        if (!rest_.empty()) rest_.remove_prefix(1);
        return chosen % limit;
    }
    /// Numbers whose halves are often equal, one off, or at an end.
    std::uint64_t number() {
        constexpr std::uint64_t kHalves[] = {0,          1,          2,          3,         8,
                                             0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
        const auto high = below(4) == 3 ? kHalves[below(std::size(kHalves))] : 0;
        const auto low =
            below(2) == 0 ? kHalves[below(std::size(kHalves))] : below(256) << below(25);
        return high << 32U | low;
    }
    [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
    std::string_view rest_;
};

constexpr SeccompAction kActions[] = {SeccompAction::Allow,       SeccompAction::Errno,
                                      SeccompAction::KillProcess, SeccompAction::KillThread,
                                      SeccompAction::Trap,        SeccompAction::Log,
                                      SeccompAction::Trace};
constexpr Architecture kArchitectures[] = {{SCMP_ARCH_X86_64}, {SCMP_ARCH_X86},
                                           {SCMP_ARCH_X32},    {SCMP_ARCH_AARCH64},
                                           {SCMP_ARCH_ARM},    {SCMP_ARCH_RISCV64}};

std::string name_of_call(Choices& choices) {
    constexpr const char* kOdd[] = {"socket",     "socketcall",   "ipc",   "semop",
                                    "shmget",     "accept",       "send",  "mmap2",
                                    "cacheflush", "no_such_call", "mseal", "file_setattr",
                                    "clone3",     "stat64",       "recv",  "semtimedop"};
    if (choices.below(4) == 0) return kOdd[choices.below(std::size(kOdd))];
    const auto number = static_cast<int>(choices.below(256) + choices.below(2) * 200);
    char* name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, number);
    std::string text = name == nullptr ? "read" : name;
    std::free(name);  // libseccomp's strdup
    return text;
}

spec::SeccompSyscall rule_of(Choices& choices) {
    spec::SeccompSyscall rule;
    rule.action = kActions[choices.below(std::size(kActions))];
    if (choices.below(4) == 0) rule.errno_ret = choices.below(256);
    for (auto left = 1 + choices.below(3); left > 0; --left)
        rule.names.push_back(name_of_call(choices));
    for (auto left = choices.below(4); left > 0; --left) {
        const auto index = choices.below(6);
        const auto value = choices.number();
        rule.args.push_back({.index = index,
                             .value = value,
                             .value_two = choices.number(),
                             .op = static_cast<SeccompOperator>(choices.below(7))});
    }
    return rule;
}

spec::Seccomp profile_of(Choices& choices) {
    constexpr std::size_t kMost = 12;
    spec::Seccomp seccomp;
    seccomp.default_action = kActions[choices.below(std::size(kActions))];
    if (choices.below(4) == 0) seccomp.default_errno_ret = choices.below(256);
    do seccomp.syscalls.push_back(rule_of(choices));
    while (!choices.empty() && seccomp.syscalls.size() < kMost);
    return seccomp;
}

bool holds(const spec::SeccompSyscall& rule, const ::seccomp_data& call) {
    const auto one = [&](const spec::SeccompArg& arg) {
        return test::holds(arg, call.args[arg.index]);
    };
    return kernel::has_repeated_argument(rule) ? std::ranges::any_of(rule.args, one)
                                               : std::ranges::all_of(rule.args, one);
}

/// What the profile says of a call of 64-bit x86 that it names: of the rules that do not do what
/// the default does the first that holds decides.
std::uint32_t said_by(const spec::Seccomp& seccomp, const std::string& name,
                      const ::seccomp_data& call) {
    const auto otherwise =
        kernel::seccomp_return(seccomp.default_action, seccomp.default_errno_ret);
    for (const auto& rule : seccomp.syscalls) {
        const auto value = kernel::seccomp_return(rule.action, rule.errno_ret);
        const bool named = std::ranges::find(rule.names, name) != rule.names.end();
        if (named && value != otherwise && holds(rule, call)) return value;
    }
    return otherwise;
}

std::uint32_t arch_of(Architecture architecture) {
    return architecture.token == SCMP_ARCH_X32 ? std::uint32_t{AUDIT_ARCH_X86_64}
                                               : architecture.token;
}

/// Calls with arguments at, and one beside, what the rule compares with.
std::vector<::seccomp_data> calls_near(const spec::SeccompSyscall& rule, std::uint32_t arch,
                                       int number) {
    ::seccomp_data call{};
    call.arch = arch;
    call.nr = number;
    constexpr std::uint64_t kHighBit = std::uint64_t{1} << 32U;
    std::vector<::seccomp_data> calls = {call};
    for (const auto& arg : rule.args) {
        const auto before = calls;
        for (const auto value :
             {arg.value, arg.value + 1, arg.value - 1, arg.value_two, arg.value ^ kHighBit})
            for (auto near : before) {
                near.args[arg.index] = value;
                calls.push_back(near);
            }
        if (calls.size() > 300) break;
    }
    return calls;
}

/// Whether libseccomp means the same: it has no order of rules, no conditions twice on one
/// argument, and no names that are newer than it is. A call that has rules with several outcomes,
/// or with and without conditions, is ours.
bool is_for_library(const spec::Seccomp& seccomp) {
    std::map<std::string, int> seen;
    for (const auto& rule : seccomp.syscalls) {
        if (kernel::has_repeated_argument(rule)) return false;
        for (const auto& name : rule.names)
            if (++seen[name] > 1 || ::seccomp_syscall_resolve_name(name.c_str()) == __NR_SCMP_ERROR)
                return false;
    }
    return true;
}

struct Filters {
    const Program& ours;
    const Program* theirs;
};

void compare(const Filters& filters, const spec::Seccomp& seccomp, Architecture architecture) {
    constexpr std::uint32_t kEnosys = SECCOMP_RET_ERRNO | ENOSYS;
    for (const auto& rule : seccomp.syscalls)
        for (const auto& name : rule.names) {
            const auto number = kernel::syscall_number(architecture, name);
            if (!number || *number < 0) continue;
            for (const auto& call : calls_near(rule, arch_of(architecture), *number)) {
                const auto said = test::run_filter(filters.ours, call);
                if (architecture.token == SCMP_ARCH_X86_64)
                    fuzz::claim(said == said_by(seccomp, name, call),
                                "the filter says what the profile says");
                if (filters.theirs != nullptr && said != kEnosys)
                    fuzz::claim(said == test::run_filter(*filters.theirs, call),
                                "the filter says what libseccomp's says");
            }
        }
}

/// Any number at all has an outcome, and foreign architectures are killed.
void run_everywhere(const Program& program) {
    constexpr std::uint32_t kAudited[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386,    AUDIT_ARCH_AARCH64,
                                          AUDIT_ARCH_ARM,    AUDIT_ARCH_RISCV64, AUDIT_ARCH_S390X};
    for (const auto arch : kAudited)
        for (const std::uint32_t base : {0U, 0x40000000U, 0x0f0000U, 0xffffff00U})
            for (std::uint32_t number = 0; number < 512; number += 7) {
                ::seccomp_data call{};
                call.arch = arch;
                call.nr = static_cast<int>(base + number);
                const auto said = test::run_filter(program, call);
                if (arch == AUDIT_ARCH_S390X)
                    fuzz::claim(said == SECCOMP_RET_KILL_THREAD, "a foreign call is killed");
            }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Choices choices(fuzz::text_of(data, size));
    std::vector<Architecture> architectures = {{SCMP_ARCH_X86_64}};
    for (auto left = choices.below(4); left > 0; --left) {
        const auto more = kArchitectures[choices.below(std::size(kArchitectures))];
        if (std::ranges::find(architectures, more) == architectures.end())
            architectures.push_back(more);
    }
    const auto seccomp = profile_of(choices);
    const auto ours = kernel::emit_seccomp(seccomp, architectures);
    fuzz::claim(!ours.empty(), "a filter has instructions");
    Result<Program> theirs = Program{};
    // What libseccomp 2.5 writes for several architectures at once does not always do what its own
    // pseudo code of the same filter says.
    const bool both = architectures.size() == 1 && is_for_library(seccomp);
    if (both) theirs = kernel::compile_with_library(seccomp, architectures);
    for (const auto architecture : architectures)
        compare({.ours = ours, .theirs = both && theirs ? &*theirs : nullptr}, seccomp,
                architecture);
    run_everywhere(ours);
    return 0;
}

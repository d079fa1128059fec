// Tests of room kernel: what compiled filters say, asked without loading them.
#include <doctest/doctest.h>
#include <linux/audit.h>

#include <cstdlib>
#include <random>
#include <span>

#include "../../../src/kernel/seccomp_filter.hpp"
#include "bpf.hpp"
#include "cleat/kernel/apply.hpp"
#include "profiles.hpp"

namespace {

using namespace cleat;
using namespace cleat::test;
using kernel::Architecture;

using Program = std::vector<::sock_filter>;

constexpr std::uint32_t kEnosys = SECCOMP_RET_ERRNO | ENOSYS;
constexpr std::uint32_t kEperm = SECCOMP_RET_ERRNO | EPERM;

constexpr Architecture kOthers[] = {{SCMP_ARCH_AARCH64}, {SCMP_ARCH_ARM}, {SCMP_ARCH_RISCV64}};

/// How many of many calls two programs judge differently. A new call's ENOSYS is no difference.
int differences(const Program& ours, const Program& theirs) {
    constexpr std::uint32_t kArchitectures[] = {AUDIT_ARCH_X86_64,  AUDIT_ARCH_I386,
                                                AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM,
                                                AUDIT_ARCH_RISCV64, AUDIT_ARCH_S390X};
    constexpr std::uint32_t kBases[] = {0, 0x40000000, 0x0f0000, 0x3ffffe00, 0xfffffe00};
    constexpr std::uint64_t kValues[] = {0,          1,           3,          8,           40,
                                         0x20000000, 0x7e020000,  ~0U,        0x100000008, ~0ULL,
                                         16,         0x100000000, 0x1ffffffff};
    int count = 0;
    for (const auto arch : kArchitectures)
        for (const auto base : kBases)
            for (std::uint32_t number = 0; number < 512; ++number)
                for (const auto value : kValues) {
                    const auto data = call(arch, base + number, value);
                    const auto said = test::run_filter(ours, data);
                    if (said != test::run_filter(theirs, data) && said != kEnosys) ++count;
                }
    return count;
}

}  // namespace

TEST_CASE("a filter says of each call what the profile says") {
    const auto programs = kernel::compile_seccomp(engine_profile());
    REQUIRE(programs);
    const auto& program = programs->front();
    const auto says = [&](const char* name, std::uint64_t argument = 0) {
        return test::run_filter(program, call(native(), number_of(name), argument));
    };
    CHECK(says("read") == SECCOMP_RET_ALLOW);
    CHECK(says("openat") == SECCOMP_RET_ALLOW);
    CHECK(says("mount") == kEperm);
    CHECK(says("getpid") == kEnosys);
    CHECK(says("reboot") == SECCOMP_RET_KILL_PROCESS);
    CHECK(says("ptrace") == (SECCOMP_RET_TRACE | 7U));
    CHECK(says("personality", 8) == SECCOMP_RET_ALLOW);
    CHECK(says("personality", 9) == kEperm);
    CHECK(says("personality", 0x100000008) == kEperm);
    CHECK(says("clone", 17) == SECCOMP_RET_ALLOW);
    CHECK(says("clone", 0x10000000) == kEperm);
    CHECK(test::run_filter(program, call(AUDIT_ARCH_S390X, 1)) == SECCOMP_RET_KILL_THREAD);
}

TEST_CASE("the emitter and libseccomp agree on every number of x86") {
    const auto seccomp = engine_profile();
    const auto theirs = kernel::compile_with_library(seccomp, kX86);
    REQUIRE(theirs);
    CHECK(differences(kernel::emit_seccomp(seccomp, kX86), *theirs) == 0);
}

TEST_CASE("the emitter and libseccomp agree on the calls of 64-bit x86 alone") {
    const auto seccomp = engine_profile();
    const std::span<const Architecture> only(kX86, 1);
    const auto theirs = kernel::compile_with_library(seccomp, only);
    REQUIRE(theirs);
    if (native() != SCMP_ARCH_X86_64) {
        MESSAGE("skipped: libseccomp adds the native architecture");
        return;
    }
    CHECK(differences(kernel::emit_seccomp(seccomp, only), *theirs) == 0);
}

TEST_CASE("the emitter and libseccomp agree on the other architectures") {
    const auto seccomp = engine_profile();
    std::vector<Architecture> architectures(std::begin(kOthers), std::end(kOthers));
    if (native() == SCMP_ARCH_X86_64) architectures.push_back({SCMP_ARCH_X86_64});
    const auto theirs = kernel::compile_with_library(seccomp, architectures);
    REQUIRE(theirs);
    CHECK(differences(kernel::emit_seccomp(seccomp, architectures), *theirs) == 0);
}

TEST_CASE("a profile that denies by list agrees with libseccomp, too") {
    const auto seccomp = permissive({
        rule(SeccompAction::Errno, {"mount", "socketcall", "ipc"}, 13),
        rule(SeccompAction::Kill, {"ptrace", "kexec_load"}),
        rule(SeccompAction::Trap, {"ioctl"}, std::nullopt,
             {{.index = 1, .value = 0x5412}, {.index = 0, .value = 0}}),
        rule(SeccompAction::Log, {"socket"}, std::nullopt, {{.index = 0, .value = 16}}),
    });
    const auto theirs = kernel::compile_with_library(seccomp, kX86);
    REQUIRE(theirs);
    CHECK(differences(kernel::emit_seccomp(seccomp, kX86), *theirs) == 0);
}

TEST_CASE("every operator compares 64 bits without sign") {
    constexpr SeccompOperator kOperators[] = {
        SeccompOperator::NotEqual,   SeccompOperator::Less,         SeccompOperator::LessEqual,
        SeccompOperator::Equal,      SeccompOperator::GreaterEqual, SeccompOperator::Greater,
        SeccompOperator::MaskedEqual};
    std::mt19937_64 random(4711);  // NOLINT(cert-msc32-c,cert-msc51-cpp): a test repeats itself
    // Numbers whose halves are often equal, one off, or at an end.
    const auto number = [&] {
        constexpr std::uint64_t kHalves[] = {0,          1,          2,         0x7fffffff,
                                             0x80000000, 0xfffffffe, 0xffffffff};
        return kHalves[random() % std::size(kHalves)] << 32U |
               kHalves[random() % std::size(kHalves)];
    };
    int wrong = 0;
    for (const auto op : kOperators) {
        for (int i = 0; i < 200; ++i) {
            const spec::SeccompArg first{
                .index = 0, .value = number(), .value_two = number(), .op = op};
            const spec::SeccompArg second{
                .index = 5, .value = number(), .op = SeccompOperator::Less};
            const auto program =
                kernel::emit_seccomp(profile({allow({"read"}, {first, second})}), kX86);
            auto data = call(AUDIT_ARCH_X86_64, 0, number());
            data.args[5] = number();
            const bool allowed =
                test::holds(first, data.args[0]) && test::holds(second, data.args[5]);
            if ((test::run_filter(program, data) == SECCOMP_RET_ALLOW) != allowed) ++wrong;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("two conditions on one argument are two rules") {
    const auto seccomp =
        profile({allow({"read"}, {{.index = 0, .value = 3}, {.index = 0, .value = 8}})});
    const auto program = kernel::emit_seccomp(seccomp, kX86);
    CHECK(test::run_filter(program, call(AUDIT_ARCH_X86_64, 0, 3)) == SECCOMP_RET_ALLOW);
    CHECK(test::run_filter(program, call(AUDIT_ARCH_X86_64, 0, 8)) == SECCOMP_RET_ALLOW);
    CHECK(test::run_filter(program, call(AUDIT_ARCH_X86_64, 0, 4)) == kEperm);
    const auto theirs = kernel::compile_with_library(seccomp, kX86);
    REQUIRE(theirs);
    CHECK(differences(program, *theirs) == 0);
}

TEST_CASE("of several rules for a call the first that holds decides") {
    const auto program = kernel::emit_seccomp(
        profile({rule(SeccompAction::Log, {"read"}, std::nullopt, {{.index = 0, .value = 1}}),
                 rule(SeccompAction::Trap, {"read"}, std::nullopt, {{.index = 0, .value = 1}}),
                 rule(SeccompAction::Trap, {"read"}, std::nullopt, {{.index = 1, .value = 0}}),
                 allow({"read"}), rule(SeccompAction::Kill, {"read"})}),
        kX86);
    const auto says = [&](std::uint64_t first, std::uint64_t second) {
        auto data = call(AUDIT_ARCH_X86_64, 0, first);
        data.args[1] = second;
        return test::run_filter(program, data);
    };
    CHECK(says(1, 0) == SECCOMP_RET_LOG);
    CHECK(says(2, 0) == SECCOMP_RET_TRAP);
    CHECK(says(2, 1) == SECCOMP_RET_ALLOW);
}

TEST_CASE("arguments that a filter cannot see allow nothing") {
    constexpr std::uint32_t kSocket = 359;
    constexpr std::uint32_t kSocketCall = 102;
    const std::vector<spec::SeccompArg> family = {{.index = 0, .value = 2}};
    auto program = kernel::emit_seccomp(profile({allow({"socket"}, family)}), kX86);
    CHECK(test::run_filter(program, call(AUDIT_ARCH_I386, kSocket, 2)) == SECCOMP_RET_ALLOW);
    CHECK(test::run_filter(program, call(AUDIT_ARCH_I386, kSocketCall, 1)) == kEperm);

    const auto denied = rule(SeccompAction::Errno, {"socket"}, std::nullopt, family);
    program = kernel::emit_seccomp(permissive({denied}), kX86);
    CHECK(test::run_filter(program, call(AUDIT_ARCH_I386, kSocket, 2)) == kEperm);
    CHECK(test::run_filter(program, call(AUDIT_ARCH_I386, kSocketCall, 1)) == kEperm);
    CHECK(test::run_filter(program, call(AUDIT_ARCH_I386, kSocketCall, 2)) == SECCOMP_RET_ALLOW);
}

TEST_CASE("a call that is newer than the profile knows is not there") {
    const auto program = kernel::emit_seccomp(engine_profile(), kX86);
    const auto says = [&](std::uint32_t number) {
        return test::run_filter(program, call(AUDIT_ARCH_X86_64, number));
    };
    CHECK(says(kernel::kNewestAssumed) == kEperm);
    CHECK(says(kernel::kNewestAssumed + 1) == kEnosys);
    CHECK(says(1000) == kEnosys);
    CHECK(says(0x40000000 + 1000) == kEnosys);
    CHECK(says(0xffffffff) == kEperm);
    CHECK(test::run_filter(program, call(AUDIT_ARCH_I386, 1000)) == kEnosys);
}

TEST_CASE("a profile that names new calls knows of all before them") {
    const auto program = kernel::emit_seccomp(profile({allow({"read", "mseal"})}), kX86);
    const auto says = [&](std::uint32_t number) {
        return test::run_filter(program, call(AUDIT_ARCH_X86_64, number));
    };
    CHECK(says(462) == SECCOMP_RET_ALLOW);
    CHECK(says(0x40000000 + 462) == SECCOMP_RET_ALLOW);
    CHECK(says(461) == kEperm);
    CHECK(says(463) == kEnosys);
}

TEST_CASE("a new call that is named to get the default gets it") {
    auto refused = allow({"mseal"});
    refused.action = SeccompAction::Errno;
    const auto program = kernel::emit_seccomp(profile({allow({"read"}), refused}), kX86);
    CHECK(test::run_filter(program, call(AUDIT_ARCH_X86_64, 462)) == kEperm);
    CHECK(test::run_filter(program, call(AUDIT_ARCH_X86_64, 463)) == kEnosys);
}

TEST_CASE("only a default errno other than ENOSYS is changed for new calls") {
    for (const auto action :
         {SeccompAction::KillProcess, SeccompAction::Trap, SeccompAction::Allow}) {
        auto seccomp = engine_profile();
        seccomp.default_action = action;
        const auto program = kernel::emit_seccomp(seccomp, kX86);
        CHECK(test::run_filter(program, call(AUDIT_ARCH_X86_64, 1000)) ==
              kernel::seccomp_return(action, std::nullopt));
    }
    auto seccomp = engine_profile();
    seccomp.default_errno_ret = EACCES;
    const auto program = kernel::emit_seccomp(seccomp, kX86);
    CHECK(test::run_filter(program, call(AUDIT_ARCH_X86_64, 1000)) == kEnosys);
    CHECK(test::run_filter(program, call(AUDIT_ARCH_X86_64, 165)) == (SECCOMP_RET_ERRNO | EACCES));
}

TEST_CASE("filters of libseccomp get the rule for new calls in front") {
    const std::vector<Architecture> architectures = {{native()}, {SCMP_ARCH_PPC64LE}};
    const auto seccomp = profile({allow({"read", "write"})});
    auto program = kernel::compile_with_library(seccomp, architectures);
    REQUIRE(program);
    kernel::prepend_enosys(*program, seccomp, architectures);
    const auto says = [&](std::uint32_t number) {
        return test::run_filter(*program, call(AUDIT_ARCH_PPC64LE, number));
    };
    CHECK(says(3) == SECCOMP_RET_ALLOW);
    CHECK(says(kernel::kNewestAssumed) == kEperm);
    CHECK(says(kernel::kNewestAssumed + 1) == kEnosys);
    CHECK(says(0xffffffff) == kEperm);
    CHECK(test::run_filter(*program, call(native(), number_of("read"))) == SECCOMP_RET_ALLOW);
    CHECK(test::run_filter(*program, call(AUDIT_ARCH_S390X, 1000)) == SECCOMP_RET_KILL_THREAD);
}

TEST_CASE("targets that are farther than a condition jumps are reached") {
    // Every other call: the ranges do not melt together.
    std::vector<spec::SeccompSyscall> rules;
    for (int number = 0; number < 330; number += 2) {
        char* name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, number);
        if (name == nullptr) continue;
        const auto value = static_cast<std::uint64_t>(number);
        rules.push_back(allow({name}, {{.index = 0, .value = value}, {.index = 1, .value = 0}}));
        ::free(name);  // libseccomp's strdup
    }
    const auto seccomp = profile(std::move(rules));
    const auto program = kernel::emit_seccomp(seccomp, kX86);
    CHECK(program.size() > 1000);
    int wrong = 0;
    for (std::uint32_t number = 0; number < 330; ++number) {
        const bool allowed = number % 2 == 0;
        const auto said = test::run_filter(program, call(AUDIT_ARCH_X86_64, number, number));
        if ((said == SECCOMP_RET_ALLOW) != allowed) ++wrong;
    }
    CHECK(wrong == 0);
}

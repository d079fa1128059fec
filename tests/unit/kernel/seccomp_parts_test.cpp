// Tests of room kernel: a profile in several filters says what it says in one.
#include <doctest/doctest.h>
#include <linux/audit.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstdlib>
#include <random>

#include "../../../src/kernel/seccomp_filter.hpp"
#include "../../../src/kernel/seccomp_ranges.hpp"
#include "bpf.hpp"
#include "cleat/kernel/apply.hpp"
#include "forked.hpp"
#include "profiles.hpp"

namespace {

using namespace cleat;
using namespace cleat::test;
using kernel::Architecture;
using kernel::SeccompPrograms;

constexpr std::uint32_t kNumbers = 480;
constexpr std::uint64_t kValues = 7;  // 0 to 6: one more than the conditions know
constexpr std::uint32_t kAuditArchitectures[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386,
                                                 AUDIT_ARCH_AARCH64};

/// What the kernel makes of several answers (seccomp_run_filters of kernel/seccomp.c): the smallest
/// action, with its sign.
std::uint32_t run_all(const SeccompPrograms& programs, const ::seccomp_data& data) {
    const auto rank = [](std::uint32_t answer) {
        return static_cast<std::int32_t>(answer & SECCOMP_RET_ACTION_FULL);
    };
    std::uint32_t strictest = SECCOMP_RET_ALLOW;
    for (auto program = programs.rbegin(); program != programs.rend(); ++program) {
        const auto answer = test::run_filter(*program, data);
        if (rank(answer) < rank(strictest)) strictest = answer;
    }
    return strictest;
}

std::string name_of(int number) {
    char* name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, number);
    std::string text = name == nullptr ? "" : name;
    ::free(name);  // libseccomp's strdup
    return text;
}

/// Rules of all kinds for most calls, with `conditions` of them for each.
spec::Seccomp long_profile(unsigned seed, int conditions, SeccompAction otherwise) {
    constexpr SeccompAction kActions[] = {SeccompAction::Allow,      SeccompAction::Errno,
                                          SeccompAction::Trap,       SeccompAction::Trace,
                                          SeccompAction::KillThread, SeccompAction::KillProcess,
                                          SeccompAction::Log};
    std::mt19937 random(seed);
    std::vector<spec::SeccompSyscall> rules;
    for (int number = 0; number < 440; ++number) {
        const auto name = name_of(number);
        if (name.empty() || random() % 8 == 0) continue;
        for (int i = 0; i < conditions; ++i) {
            const auto action = kActions[random() % std::size(kActions)];
            const auto index = static_cast<std::uint32_t>(random() % 2);
            const auto data = static_cast<std::uint32_t>(random() % 100);
            rules.push_back(rule(action, {name}, data, {{.index = index, .value = random() % 6}}));
        }
        if (random() % 3 == 0) rules.push_back(rule(SeccompAction::Errno, {name}, 13));
    }
    rules.push_back(rule(SeccompAction::Notify, {"chroot", "mount"}));
    rules.push_back(rule(SeccompAction::Notify, {"setns"}, {}, {{.index = 0, .value = 3}}));
    auto seccomp = profile(std::move(rules));
    seccomp.default_action = otherwise;
    return seccomp;
}

int parts_differences(const SeccompPrograms& parts, const std::vector<::sock_filter>& whole) {
    int count = 0;
    for (const auto arch : kAuditArchitectures)
        for (const std::uint32_t base : {0U, 0x40000000U, 0xfffffe80U})
            for (std::uint32_t number = 0; number < kNumbers && base + number >= base; ++number)
                for (std::uint64_t value = 0; value < kValues; ++value) {
                    auto data = call(arch, base + number, value);
                    data.args[1] = (value * 3) % kValues;
                    if (run_all(parts, data) != test::run_filter(whole, data)) ++count;
                }
    return count;
}

}  // namespace

TEST_CASE("filters that each know a part of a profile say together what one would") {
    for (const auto otherwise :
         {SeccompAction::Errno, SeccompAction::Allow, SeccompAction::KillProcess})
        for (const unsigned seed : {1U, 2U, 3U}) {
            const auto tables = kernel::seccomp_tables(long_profile(seed, 3, otherwise), kX86);
            const auto whole = kernel::emit_tables(tables);
            CAPTURE(whole.size());
            CHECK(whole.size() > BPF_MAXINSNS);
            const auto parts = kernel::emit_parts(tables);
            REQUIRE(parts.size() >= 2);
            for (const auto& part : parts) CHECK(part.size() <= BPF_MAXINSNS);
            CHECK(parts_differences(parts, whole) == 0);
        }
}

TEST_CASE("the last filter has all that notifies, and lets the others be loaded") {
    const auto tables = kernel::seccomp_tables(long_profile(4, 3, SeccompAction::Errno), kX86);
    const auto parts = kernel::emit_parts(tables);
    REQUIRE(parts.size() >= 2);
    int notified = 0;
    for (const auto& part : parts)
        for (const auto arch : kAuditArchitectures)
            for (std::uint32_t number = 0; number < kNumbers; ++number) {
                const bool notifies =
                    test::run_filter(part, call(arch, number, 3)) == SECCOMP_RET_USER_NOTIF;
                if (notifies) ++notified;
                if (notifies) CHECK(&part == &parts.back());
            }
    CHECK(notified > 0);
    for (std::size_t i = 0; i + 1 < parts.size(); ++i)
        for (std::uint64_t value = 0; value < kValues; ++value)
            CHECK(test::run_filter(parts[i], call(AUDIT_ARCH_X86_64, SYS_seccomp, value)) ==
                  SECCOMP_RET_ALLOW);
}

TEST_CASE("rules for one call are not divided, and all filters together have a limit") {
    std::vector<spec::SeccompSyscall> rules;
    for (std::uint64_t value = 0; value < 1500; ++value)
        rules.push_back(allow({"read"}, {{.index = 0, .value = value}}));
    CHECK(kernel::emit_parts(kernel::seccomp_tables(profile(rules), kX86)).empty());
    const auto tables = kernel::seccomp_tables(long_profile(5, 12, SeccompAction::Errno), kX86);
    CHECK(kernel::emit_parts(tables).empty());
}

TEST_CASE("a short profile stays one filter") {
    const auto programs = kernel::compile_seccomp(engine_profile());
    REQUIRE(programs);
    CHECK(programs->size() == 1);
}

TEST_CASE("several filters are loaded, and their listener hears") {
    const auto ended = test::in_child([] {
        std::vector<spec::SeccompSyscall> rules;
        // Not those that this process still makes, but for one condition that never holds.
        for (int number = 0; number < 330; ++number)
            for (std::uint64_t value = 0; value < 4; ++value)
                if (const auto name = name_of(number); !name.empty())
                    rules.push_back(rule(SeccompAction::Errno, {name}, 5,
                                         {{.index = 0, .value = 0x1234567800000000 + value},
                                          {.index = 5, .value = 0x1234567800000000}}));
        rules.push_back(rule(SeccompAction::Errno, {"getpriority"}, EDOM));
        rules.push_back(rule(SeccompAction::Errno, {"alarm"}, ERANGE));
        rules.push_back(rule(SeccompAction::Errno, {"seccomp"}, EXDEV));
        rules.push_back(rule(SeccompAction::Notify, {"getppid"}));
        const auto seccomp = permissive(std::move(rules));
        kernel::Context context;
        auto programs = kernel::compile_seccomp(seccomp);
        if (!programs || programs->size() < 2) return 1;
        context.seccomp = *std::move(programs);
        if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return 2;
        if (!kernel::apply(plan::LoadSeccomp{seccomp}, context)) return 3;
        if (!context.seccomp_listener) return 4;
        if (::syscall(SYS_getpriority, 0, 0) != -1 || errno != EDOM) return 5;
        if (::syscall(SYS_alarm, 0) != -1 || errno != ERANGE) return 6;
        if (::syscall(SYS_seccomp, 0, 0, nullptr) != -1 || errno != EXDEV) return 7;
        const pid_t caller = ::fork();
        if (caller == 0) ::_exit(static_cast<int>(::syscall(SYS_getppid)));
        ::seccomp_notif heard{};
        if (::ioctl(context.seccomp_listener.get(), SECCOMP_IOCTL_NOTIF_RECV, &heard) < 0) return 8;
        ::seccomp_notif_resp answer{.id = heard.id, .val = 42, .error = 0, .flags = 0};
        if (::ioctl(context.seccomp_listener.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0)
            return 9;
        int status = 0;
        ::waitpid(caller, &status, 0);
        return WEXITSTATUS(status) == 42 ? 0 : 10;
    });
    CHECK(ended.exit_code == 0);
}

// Tests of room kernel: profiles that are refused, and filters at work in children.
#include <doctest/doctest.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <csignal>

#include "../../../src/kernel/seccomp_filter.hpp"
#include "cleat/kernel/apply.hpp"
#include "forked.hpp"
#include "profiles.hpp"

namespace {

using namespace cleat;
using namespace cleat::test;

Result<void> load(const spec::Seccomp& seccomp, kernel::Context& context) {
    context.seccomp = TRY(kernel::compile_seccomp(seccomp));
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail(ErrorKind::System, "no_new_privs");
    return kernel::apply(plan::LoadSeccomp{seccomp}, context);
}

}  // namespace

TEST_CASE("a listener cannot be asked about all calls, nor about those that init makes") {
    auto seccomp = engine_profile();
    seccomp.default_action = SeccompAction::Notify;
    auto program = kernel::compile_seccomp(seccomp);
    REQUIRE(!program);
    CHECK(program.error().kind == ErrorKind::InvalidConfig);
    CHECK(program.error().pointer == "/linux/seccomp/defaultAction");

    seccomp = profile({allow({"read"}), rule(SeccompAction::Notify, {"mkdir", "sendmsg"})});
    program = kernel::compile_seccomp(seccomp);
    REQUIRE(!program);
    CHECK(program.error().what == "SCMP_ACT_NOTIFY cannot be used for sendmsg");
    CHECK(program.error().pointer == "/linux/seccomp/syscalls/1/names/1");
}

TEST_CASE("an argument that no call has is refused with its place") {
    const auto program =
        kernel::compile_seccomp(profile({allow({"read"}, {{.index = 0}, {.index = 6}})}));
    REQUIRE(!program);
    CHECK(program.error().pointer == "/linux/seccomp/syscalls/0/args/1/index");
}

TEST_CASE("a profile that is too long for the kernel is refused") {
    std::vector<spec::SeccompSyscall> rules;
    rules.reserve(1000);
    for (std::uint64_t value = 0; value < 1000; ++value)
        rules.push_back(allow({"read"}, {{.index = 0, .value = value}}));
    const auto program = kernel::compile_seccomp(profile(std::move(rules)));
    REQUIRE(!program);
    CHECK(program.error().pointer == "/linux/seccomp");
}

TEST_CASE("architectures that this machine does not have are left out") {
    spec::Seccomp seccomp;
    seccomp.architectures = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86",     "SCMP_ARCH_X86",
                             "SCMP_ARCH_S390X",  "SCMP_ARCH_NOWHERE", "SCMP_ARCH_NATIVE"};
    const auto list = kernel::seccomp_architectures(seccomp);
    REQUIRE(!list.empty());
    CHECK(list.front().token == native());
    if (native() == SCMP_ARCH_X86_64) CHECK(list.size() == 2);
}

TEST_CASE("a loaded filter decides about calls") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        const auto loaded =
            load(permissive({rule(SeccompAction::Errno, {"getppid"}, EDOM),
                             rule(SeccompAction::Errno, {"getpriority"}, std::nullopt,
                                  {{.index = 0, .value = PRIO_USER}})}),
                 context);
        if (!loaded) return 1;
        if (::syscall(SYS_getppid) != -1 || errno != EDOM) return 2;
        if (::syscall(SYS_getpriority, PRIO_USER, 0) != -1 || errno != EPERM) return 3;
        if (::syscall(SYS_getpriority, PRIO_PROCESS, 0) < 0) return 4;
        return context.seccomp_listener ? 5 : 0;
    });
    CHECK(ended.exit_code == 0);
}

TEST_CASE("a loaded allow list answers ENOSYS for new calls and EPERM for known ones") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        if (!load(profile({allow({"exit_group", "read", "write"})}), context)) return 1;
        if (::syscall(2000) != -1 || errno != ENOSYS) return 2;
        if (::syscall(SYS_mkdirat, -1, "x", 0) != -1 || errno != EPERM) return 3;
        return 0;
    });
    CHECK(ended.exit_code == 0);
}

TEST_CASE("a call that kills the process does") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        if (!load(permissive({rule(SeccompAction::KillProcess, {"getppid"})}), context)) return 1;
        ::syscall(SYS_getppid);
        return 0;
    });
    CHECK(ended.signal == SIGSYS);
}

TEST_CASE("a listener hears of the calls that it was asked for") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        auto seccomp = permissive({rule(SeccompAction::Notify, {"getppid"})});
        seccomp.flags = {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", "SECCOMP_FILTER_FLAG_TSYNC"};
        if (!load(seccomp, context) || !context.seccomp_listener) return 1;
        const pid_t caller = ::fork();
        if (caller == 0) ::_exit(static_cast<int>(::syscall(SYS_getppid)));
        ::seccomp_notif heard{};
        if (::ioctl(context.seccomp_listener.get(), SECCOMP_IOCTL_NOTIF_RECV, &heard) < 0) return 2;
        ::seccomp_notif_resp answer{.id = heard.id, .val = 42, .error = 0, .flags = 0};
        if (::ioctl(context.seccomp_listener.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0)
            return 3;
        int status = 0;
        ::waitpid(caller, &status, 0);
        return WEXITSTATUS(status) == 42 ? 0 : 4;
    });
    CHECK(ended.exit_code == 0);
}

TEST_CASE("all flags are taken, and an unknown one is refused by name") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        auto seccomp = permissive({rule(SeccompAction::Errno, {"getppid"})});
        seccomp.flags = {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
                         "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
        return load(seccomp, context) ? 0 : 1;
    });
    CHECK(ended.exit_code == 0);
    kernel::Context context;
    spec::Seccomp seccomp;
    seccomp.flags = {"SECCOMP_FILTER_FLAG_NONE"};
    const auto refused = kernel::apply(plan::LoadSeccomp{seccomp}, context);
    REQUIRE(!refused);
    CHECK(refused.error().what == "unknown seccomp flag \"SECCOMP_FILTER_FLAG_NONE\"");
}

// Tests of room kernel: CPUs, priorities, memory nodes.
#include <doctest/doctest.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "../../../src/kernel/number_set.hpp"
#include "cleat/kernel/apply.hpp"
#include "forked.hpp"

using namespace cleat;

namespace {

spec::Scheduler scheduler(std::string policy) {
    spec::Scheduler wanted;
    wanted.policy = std::move(policy);
    return wanted;
}

constexpr unsigned long kPersona = 0x0040008;  // PER_LINUX32 | ADDR_NO_RANDOMIZE

}  // namespace

TEST_CASE("a list of numbers is a bit mask") {
    const auto set = kernel::parse_number_set("0-3, 7,64");
    REQUIRE(set);
    CHECK(set->words == std::vector<unsigned long>{0x8f, 1});
    CHECK(kernel::parse_number_set("2047")->size_bytes() == 256);
    CHECK(kernel::parse_number_set(" 5 \n")->words == std::vector<unsigned long>{0x20});
}

TEST_CASE("what is not a list of numbers is refused") {
    for (const char* text : {"", "a", "1,", ",1", "3-1", "-1", "1-", "1--2", "0x1", "65536",
                             "1-2-3", "99999999999999999999"}) {
        CAPTURE(text);
        CHECK(!kernel::parse_number_set(text));
    }
}

TEST_CASE("the CPU affinity is set") {
    ::cpu_set_t all;
    REQUIRE(::sched_getaffinity(0, sizeof all, &all) == 0);
    std::size_t first = 0;
    while (!CPU_ISSET(first, &all)) ++first;
    const auto ended = test::in_child([first] {
        kernel::Context context;
        // Numbers that no machine has do not matter beside one that it has.
        const std::string cpus = std::to_string(first) + ",4000";
        if (!kernel::apply(plan::SetCpuAffinity{cpus}, context)) return 1;
        ::cpu_set_t now;
        if (::sched_getaffinity(0, sizeof now, &now) != 0) return 2;
        return CPU_COUNT(&now) == 1 && CPU_ISSET(first, &now) ? 0 : 3;
    });
    CHECK(ended.exit_code == 0);
    kernel::Context context;
    const auto none = kernel::apply(plan::SetCpuAffinity{"4000"}, context);
    REQUIRE(!none);
    CHECK(none.error().what == "CPU affinity \"4000\"");
    CHECK(none.error().errno_value == EINVAL);
}

TEST_CASE("scheduling policy and niceness are set") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        auto wanted = scheduler("SCHED_BATCH");
        wanted.nice = 7;
        wanted.flags = {"SCHED_FLAG_RESET_ON_FORK"};
        if (!kernel::apply(plan::SetScheduler{wanted}, context)) return 1;
        if (::sched_getscheduler(0) != (SCHED_BATCH | SCHED_RESET_ON_FORK)) return 2;
        return ::getpriority(PRIO_PROCESS, 0) == 7 ? 0 : 3;
    });
    CHECK(ended.exit_code == 0);
}

TEST_CASE("a real-time policy is set with its priority") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        auto wanted = scheduler("SCHED_FIFO");
        wanted.priority = 3;
        const auto done = kernel::apply(plan::SetScheduler{wanted}, context);
        if (!done) return done.error().errno_value == EPERM ? 77 : 1;
        ::sched_param parameters{};
        ::sched_getparam(0, &parameters);
        return ::sched_getscheduler(0) == SCHED_FIFO && parameters.sched_priority == 3 ? 0 : 2;
    });
    if (ended.exit_code == 77) {
        MESSAGE("skipped: not allowed to use a real-time policy");
        return;
    }
    CHECK(ended.exit_code == 0);
}

TEST_CASE("a deadline is set with all three times") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        auto wanted = scheduler("SCHED_DEADLINE");
        wanted.runtime = 1'000'000;
        wanted.deadline = 50'000'000;
        wanted.period = 100'000'000;
        const auto done = kernel::apply(plan::SetScheduler{wanted}, context);
        if (!done) return done.error().errno_value == EPERM ? 77 : 1;
        return ::sched_getscheduler(0) == 6 ? 0 : 2;
    });
    if (ended.exit_code == 77) {
        MESSAGE("skipped: not allowed to use deadlines");
        return;
    }
    CHECK(ended.exit_code == 0);
}

TEST_CASE("a policy that Linux does not have is refused by name") {
    kernel::Context context;
    const auto done = kernel::apply(plan::SetScheduler{scheduler("SCHED_HOPE")}, context);
    REQUIRE(!done);
    CHECK(done.error().kind == ErrorKind::InvalidConfig);
    CHECK(done.error().what == "unknown name \"SCHED_HOPE\"");
}

TEST_CASE("the I/O priority is set") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        if (!kernel::apply(plan::SetIoPriority{{.class_ = "IOPRIO_CLASS_BE", .priority = 6}},
                           context))
            return 1;
        constexpr int kWhoProcess = 1;
        return ::syscall(SYS_ioprio_get, kWhoProcess, 0) == (2 << 13 | 6) ? 0 : 2;
    });
    CHECK(ended.exit_code == 0);
}

TEST_CASE("the memory policy is set") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        const spec::MemoryPolicy wanted{
            .mode = "MPOL_BIND", .nodes = "0", .flags = {"MPOL_F_STATIC_NODES"}};
        const auto done = kernel::apply(plan::SetMemoryPolicy{wanted}, context);
        if (!done) return done.error().errno_value == ENOSYS ? 77 : 1;
        int mode = 0;
        if (::syscall(SYS_get_mempolicy, &mode, nullptr, 0, nullptr, 0) < 0) return 2;
        if (mode != (2 | 1 << 15)) return 3;
        // Nodes are not for every mode.
        return kernel::apply(plan::SetMemoryPolicy{{"MPOL_DEFAULT", "", {}}}, context) ? 0 : 4;
    });
    if (ended.exit_code == 77) {
        MESSAGE("skipped: a kernel without NUMA");
        return;
    }
    CHECK(ended.exit_code == 0);
}

TEST_CASE("the personality is set") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        if (!kernel::apply(plan::SetPersonality{kPersona}, context)) return 1;
        return ::personality(0xffffffff) == kPersona ? 0 : 2;
    });
    CHECK(ended.exit_code == 0);
}

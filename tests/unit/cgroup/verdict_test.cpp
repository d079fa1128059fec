// Room: cgroup. What is said of a container that ran out of memory.
#include <doctest/doctest.h>
#include <signal.h>

#include <cstdlib>

#include "machine.hpp"

using namespace cleat;
using namespace cleat::cgroup;

TEST_CASE("a process that is killed for its memory leaves a verdict with the limit") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    const auto memory = cgroups.v1("memory");
    if (memory.empty()) {
        MESSAGE("skipped: no v1 memory controller");
        return;
    }
    CHECK_FALSE(memory_verdict(cgroups.all()).oom_killed);
    CHECK_FALSE(memory_verdict(cgroups.all()).ran_out);
    CHECK(memory_verdict(cgroups.all()).limit == std::nullopt);
    REQUIRE(cgroup::apply(plan::WriteCgroup{.file = "memory.limit_in_bytes", .value = "4194304"},
                          memory));
    static_cast<void>(cgroup::apply(plan::WriteCgroup{.file = "memory.memsw.limit_in_bytes",
                                                      .value = "4194304",
                                                      .on_failure = plan::OnFailure::Ignore},
                                    memory));
    test::Child child(memory, [] {
        constexpr std::size_t kMuch = std::size_t{64} << 20U;
        constexpr std::size_t kPage = 4096;
        auto* block = static_cast<volatile char*>(std::malloc(kMuch));
        for (std::size_t i = 0; i < kMuch; i += kPage) block[i] = 1;
        return 0;
    });
    CHECK(child.wait() == 128 + SIGKILL);
    const auto verdict = memory_verdict(cgroups.all());
    CHECK(verdict.oom_killed);
    CHECK(verdict.ran_out);
    CHECK(verdict.limit == 4194304);
}

TEST_CASE("without a cgroup there is no verdict") {
    CHECK_FALSE(memory_verdict({}).oom_killed);
    const auto verdict =
        memory_verdict({{.controllers = {"memory"}, .mountpoint = "/nowhere", .path = "/x"}});
    CHECK_FALSE(verdict.oom_killed);
    CHECK(verdict.limit == std::nullopt);
}

#include <doctest/doctest.h>

#include <algorithm>

#include "../../../src/plan/numbers.hpp"
#include "sample.hpp"

namespace cleat::plan {
namespace {

MemberOptions in_container(std::uint64_t namespaces) {
    MemberOptions options;
    options.namespaces = namespaces;
    options.cgroups = {{.controllers = {"memory"},
                        .mountpoint = "/sys/fs/cgroup/memory",
                        .path = "/web1",
                        .unified = false},
                       {.controllers = {},
                        .mountpoint = "/sys/fs/cgroup/unified",
                        .path = "/web1",
                        .unified = true}};
    return options;
}

Plan member_plan(const spec::Process& process, const HostFacts& facts,
                 const MemberOptions& options) {
    auto plan = compile_member(sample::engine_like(), process, facts, options);
    REQUIRE_MESSAGE(plan, plan.error().what);
    CHECK(broken_invariants(*plan) == std::vector<std::string>{});
    return *std::move(plan);
}

spec::Process shell() {
    auto process = *sample::minimal().process;
    process.args = {"sh"};
    return process;
}

}  // namespace

TEST_CASE("a member is born in the pid namespace by somebody who has left the host behind") {
    const auto plan = member_plan(shell(), sample::hybrid_host(),
                                  in_container(kCloneNewPid | kCloneNewMount | kCloneNewNet));
    const auto clone = sample::all<Clone>(plan.host).at(0);
    CHECK(clone.flags == 0);
    CHECK(clone.enter_pid_namespace == Slot{0});
    CHECK(clone.into_cgroup == 1);
    CHECK(sample::kinds(plan.joiner) ==
          std::vector<std::string_view>{"protect-init", "join-cgroups", "set-cpu-affinity",
                                        "join-container"});
    CHECK(sample::all<JoinContainer>(plan.joiner).at(0).flags == (kCloneNewMount | kCloneNewNet));
    CHECK(sample::all<JoinContainer>(plan.init).empty());
    CHECK(sample::all<ChangeRoot>(plan.init).empty());
}

TEST_CASE("a member is protected before it shares anything with the container") {
    const auto plan = member_plan(shell(), sample::hybrid_host(), in_container(kCloneNewMount));
    CHECK(kind_of(plan.init.front().action) == "protect-init");
}

TEST_CASE("a member of a user namespace becomes its root before it becomes the user") {
    const auto plan = member_plan(shell(), sample::hybrid_host(),
                                  in_container(kCloneNewUser | kCloneNewMount | kCloneNewPid));
    const auto kinds = sample::kinds(plan.init);
    CHECK(std::ranges::find(kinds, "become-root") < std::ranges::find(kinds, "set-user"));
    CHECK(plan.joiner.empty());
}

TEST_CASE("without the host's rights a joiner becomes root in the user namespace first") {
    auto options = in_container(kCloneNewUser | kCloneNewMount | kCloneNewPid);
    options.cgroups.clear();
    const auto plan = member_plan(shell(), sample::rootless_host(), options);
    CHECK(sample::kinds(plan.joiner) ==
          std::vector<std::string_view>{"protect-init", "set-cpu-affinity", "join-container",
                                        "become-root"});
    CHECK(sample::all<JoinContainer>(plan.joiner).at(0).flags == (kCloneNewUser | kCloneNewMount));
    CHECK(sample::all<JoinContainer>(plan.init).empty());
}

TEST_CASE("a root whose pid namespace is not his own lets a joiner enter the container's") {
    auto facts = sample::root_host();
    facts.user_namespace_of_own = Ability::Present;
    auto options = in_container(kCloneNewUser | kCloneNewMount | kCloneNewPid);
    options.cgroups.clear();
    const auto plan = member_plan(shell(), facts, options);
    CHECK(sample::kinds(plan.joiner) ==
          std::vector<std::string_view>{"protect-init", "set-cpu-affinity", "join-container",
                                        "become-root"});
    CHECK(sample::all<JoinContainer>(plan.init).empty());
}

TEST_CASE("cpu affinity is set around the cgroups' cpusets") {
    auto process = shell();
    process.exec_cpu_affinity = spec::ExecCpuAffinity{.initial = "0", .final_ = "0-1"};
    const auto plan = member_plan(process, sample::hybrid_host(), in_container(kCloneNewMount));
    const auto kinds = sample::kinds(plan.init);
    CHECK(kinds[1] == "set-cpu-affinity");
    CHECK(kinds[2] == "join-cgroups");
    CHECK(kinds[3] == "set-cpu-affinity");
}

TEST_CASE("a member has a console of its own that is not the container's /dev/console") {
    auto process = shell();
    process.terminal = true;
    process.console_size = spec::Box{.height = 24, .width = 80};
    const auto plan = member_plan(process, sample::hybrid_host(), in_container(kCloneNewMount));
    const auto console = sample::all<SetUpConsole>(plan.init).at(0);
    CHECK_FALSE(console.bind_console);
    CHECK(console.size->width == 80);
}

TEST_CASE("a member is held by the container's seccomp filter and preserves what it is told to") {
    auto options = in_container(kCloneNewMount);
    options.preserve_fds = 2;
    const auto plan = member_plan(shell(), sample::hybrid_host(), options);
    CHECK(sample::all<LoadSeccomp>(plan.init).size() == 1);
    CHECK(sample::all<CloseFds>(plan.init).at(0).preserve == 2);
}

}  // namespace cleat::plan

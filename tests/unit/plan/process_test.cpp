#include "../../../src/plan/process.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sample.hpp"

namespace cleat::plan {
namespace {

using Kinds = std::vector<std::string_view>;

Plan process_plan(const spec::Spec& spec, const HostFacts& facts = sample::root_host()) {
    auto plan = compile(spec, facts, sample::options());
    REQUIRE_MESSAGE(plan, plan.error().what);
    CHECK(broken_invariants(*plan) == std::vector<std::string>{});
    return *std::move(plan);
}

/// What comes after the commit.
Kinds last_kinds(const Plan& plan) {
    const auto kinds = sample::kinds(plan.init);
    return {std::ranges::find(kinds, "await-start") + 1, kinds.end()};
}

}  // namespace

TEST_CASE("the filter is loaded immediately before exec") {
    auto spec = sample::minimal();
    spec.linux.seccomp = spec::Seccomp{};
    CHECK(last_kinds(process_plan(spec)) == Kinds{"set-bounding-set", "set-user",
                                                  "set-capabilities", "close-fds", "load-seccomp",
                                                  "exec"});
    constexpr std::uint64_t kSysAdmin = std::uint64_t{1} << 21U;
    const auto until_exec = [&spec] {
        return sample::all<SetCapabilities>(process_plan(spec).init).at(0).until_exec;
    };
    CHECK(until_exec() == kSysAdmin);
    spec.process->no_new_privileges = true;
    CHECK(until_exec() == 0);
}

TEST_CASE("a variable that occurs twice has its last value, and an empty HOME counts as missing") {
    auto spec = sample::minimal();
    spec.process->env = {"A=1", "HOME=/a", "B=1", "A=2", "HOME="};
    const auto plan = process_plan(spec);
    CHECK(sample::all<Exec>(plan.init).at(0).env == std::vector<std::string>{"A=2", "B=1"});
    CHECK(sample::all<SetHome>(plan.init).size() == 1);
}

TEST_CASE("startContainer hooks come before a filter, but after one with a listener") {
    auto spec = sample::minimal();
    spec.hooks = spec::Hooks{};
    spec.hooks->start_container = {{.path = "/bin/true", .args = {}, .env = {}, .timeout = {}}};
    spec.linux.seccomp = spec::Seccomp{};
    CHECK(last_kinds(process_plan(spec)) == Kinds{"set-bounding-set", "set-user",
                                                  "set-capabilities", "run-hooks", "close-fds",
                                                  "load-seccomp", "exec"});
    spec.linux.seccomp->syscalls = {{.names = {"chown"}, .action = spec::SeccompAction::Notify}};
    CHECK(last_kinds(process_plan(spec)) == Kinds{"set-bounding-set", "set-user",
                                                  "set-capabilities", "close-fds", "load-seccomp",
                                                  "run-hooks", "exec"});
}

TEST_CASE("a user who is not root keeps the rights that the filter needs") {
    auto spec = sample::minimal();
    const auto keeps = [&spec] {
        return sample::all<SetUser>(process_plan(spec).init).at(0).keep_rights;
    };
    spec.process->user.uid = Uid{1000};
    CHECK_FALSE(keeps());
    spec.linux.seccomp = spec::Seccomp{};
    CHECK(keeps());
    spec.process->no_new_privileges = true;
    CHECK_FALSE(keeps());
    spec.process->no_new_privileges = false;
    spec.process->user.uid = Uid{0};
    CHECK_FALSE(keeps());
}

TEST_CASE("no_new_privs comes before the filter") {
    auto spec = sample::minimal();
    spec.linux.seccomp = spec::Seccomp{};
    spec.process->no_new_privileges = true;
    CHECK(last_kinds(process_plan(spec)) == Kinds{"set-bounding-set", "set-user",
                                                  "set-capabilities", "set-no-new-privileges",
                                                  "close-fds", "load-seccomp", "exec"});
}

TEST_CASE("nothing asked for is no capability granted") {
    const auto plan = process_plan(sample::minimal());
    CHECK(sample::all<SetBoundingSet>(plan.init).at(0).bounding == 0);
    CHECK(sample::all<SetCapabilities>(plan.init).at(0).permitted == 0);
}

TEST_CASE("a user namespace has all capabilities, whoever made it") {
    auto spec = sample::remapped();
    spec.linux.resources.reset();
    const auto plan = process_plan(spec, sample::rootless_host());
    CHECK(plan.warnings.empty());
    CHECK(sample::all<SetBoundingSet>(plan.init).at(0).bounding != 0);
}

TEST_CASE("groups are kept where setgroups is denied, with a word about it") {
    auto spec = sample::minimal();
    sample::add_namespace(spec, spec::NamespaceType::User);
    spec.linux.uid_mappings = {{.container_id = 0, .host_id = 1000, .size = 1}};
    spec.linux.gid_mappings = spec.linux.uid_mappings;
    spec.process->user.additional_gids = {Gid{5}};
    const auto one = process_plan(spec, sample::rootless_host());
    CHECK(sample::all<SetUser>(one.init).at(0).keep_groups);
    CHECK(one.warnings.at(0).pointer == "/process/user/additionalGids");
    spec.linux.gid_mappings.push_back({.container_id = 1, .host_id = 100000, .size = 65536});
    CHECK_FALSE(
        sample::all<SetUser>(process_plan(spec, sample::rootless_host()).init).at(0).keep_groups);
}

TEST_CASE("limits keep their order, have numbers, and name their place") {
    auto spec = sample::minimal();
    spec.process->rlimits = {{.type = "RLIMIT_RTTIME", .soft = 1, .hard = 2},
                             {.type = "RLIMIT_CPU", .soft = 3, .hard = 4}};
    const auto limits = sample::all<SetRlimit>(process_plan(spec).init);
    REQUIRE(limits.size() == 2);
    CHECK(limits[0].resource == 15);
    CHECK(limits[1].resource == 0);
    CHECK(limits[1].hard == 4);
}

TEST_CASE("personality, schedulers and priorities are set when they are asked for") {
    auto spec = sample::minimal();
    spec.process->scheduler = spec::Scheduler{.policy = "SCHED_BATCH"};
    spec.process->io_priority = spec::IoPriority{.class_ = "IOPRIO_CLASS_BE", .priority = 4};
    spec.linux.memory_policy = spec::MemoryPolicy{.mode = "MPOL_BIND", .nodes = "0", .flags = {}};
    spec.linux.personality = spec::Personality{.domain = "LINUX32", .flags = {"ADDR_NO_RANDOMIZE"}};
    const auto plan = process_plan(spec);
    CHECK(sample::all<SetScheduler>(plan.init).size() == 1);
    CHECK(sample::all<SetIoPriority>(plan.init).size() == 1);
    CHECK(sample::all<SetMemoryPolicy>(plan.init).size() == 1);
    CHECK(sample::all<SetPersonality>(plan.init).at(0).persona == 0x40008);
}

TEST_CASE("HOME is looked up when nobody says what it is, and umask has a default") {
    auto spec = sample::minimal();
    CHECK(sample::all<SetHome>(process_plan(spec).init).empty());
    CHECK(sample::all<SetUmask>(process_plan(spec).init).at(0).umask == 022);
    spec.process->env = {"HOMELAND=x"};
    spec.process->user.umask = 077;
    CHECK(sample::all<SetHome>(process_plan(spec).init).size() == 1);
    CHECK(sample::all<SetUmask>(process_plan(spec).init).at(0).umask == 077);
}

}  // namespace cleat::plan

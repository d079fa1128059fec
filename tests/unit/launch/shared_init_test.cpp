// Unit tests of launch/shared_init.cpp: who may be in the host's memory, and who not.
#include "../../../src/launch/shared_init.hpp"

#include <doctest/doctest.h>
#include <sched.h>

namespace cleat::launch {
namespace {

constexpr std::uint64_t kApart = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET;

/// With one step in init.
template <class Step = plan::ProtectInit>
bool may_share(std::uint64_t flags, Step step = {}) {
    plan::Plan plan;
    plan.init.push_back({.action = step, .origin = ""});
    return may_share_memory(plan, {.flags = flags});
}

plan::LoadSeccomp filter(spec::SeccompAction action) {
    plan::LoadSeccomp load{};
    load.seccomp.syscalls.emplace_back();
    load.seccomp.syscalls.back().action = action;
    return load;
}

}  // namespace

TEST_CASE("a new pid namespace without a user or time namespace shares memory") {
    CHECK(may_share(kApart) == kHasVfork);
    CHECK_FALSE(may_share(kApart & ~std::uint64_t{CLONE_NEWPID}));
    CHECK_FALSE(may_share(kApart | CLONE_NEWUSER));
    CHECK_FALSE(may_share(kApart | CLONE_NEWTIME));
    plan::Plan joiner;
    joiner.joiner.push_back({.action = plan::ProtectInit{}, .origin = ""});
    CHECK_FALSE(may_share_memory(joiner, {.flags = kApart}));
    plan::Plan scope;
    scope.scope = {.unit = "x.scope", .slice = {}, .manager = plan::ServiceManager::User};
    CHECK_FALSE(may_share_memory(scope, {.flags = kApart}));
    CHECK_FALSE(may_share_memory({}, {.flags = kApart, .enter_pid_namespace = plan::Slot{0}}));
}

TEST_CASE("an init that stays, asks for the state or is another's shares none") {
    CHECK_FALSE(may_share(kApart, plan::AwaitStart{}));
    CHECK_FALSE(may_share(kApart, plan::RunHooks{}));
    CHECK_FALSE(may_share(kApart, plan::BecomeRoot{}));
    CHECK_FALSE(may_share(kApart, plan::NewTimeNamespace{}));
    plan::MountFilesystem copied;
    copied.copy_up = true;
    CHECK_FALSE(may_share(kApart, copied));
    CHECK(may_share(kApart, plan::MountFilesystem{}) == kHasVfork);
    CHECK_FALSE(
        may_share(kApart, plan::JoinNamespace{.type = spec::NamespaceType::User, .slot = {}}));
    CHECK_FALSE(
        may_share(kApart, plan::JoinNamespace{.type = spec::NamespaceType::Time, .slot = {}}));
    CHECK(may_share(kApart, plan::JoinNamespace{.type = spec::NamespaceType::Network,
                                                .slot = {}}) == kHasVfork);
}

TEST_CASE("a filter that tells an agent shares none") {
    CHECK_FALSE(may_share(kApart, filter(spec::SeccompAction::Notify)));
    CHECK(may_share(kApart, filter(spec::SeccompAction::Errno)) == kHasVfork);
}

}  // namespace cleat::launch

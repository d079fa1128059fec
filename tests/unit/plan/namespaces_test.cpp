#include "../../../src/plan/namespaces.hpp"

#include <doctest/doctest.h>

#include "../../../src/plan/numbers.hpp"
#include "sample.hpp"

namespace cleat::plan {
namespace {

using sample::add_namespace;
using spec::NamespaceType;
using Kinds = std::vector<std::string_view>;

Plan namespaces_plan(const spec::Spec& spec, const HostFacts& facts = sample::root_host()) {
    auto plan = compile(spec, facts, sample::options());
    REQUIRE_MESSAGE(plan, plan.error().what);
    CHECK(broken_invariants(*plan) == std::vector<std::string>{});
    return *std::move(plan);
}

Clone clone_of(const Plan& plan) { return sample::all<Clone>(plan.host).at(0); }

std::vector<NamespaceType> joins(const std::vector<Step>& steps) {
    std::vector<NamespaceType> types;
    for (const auto& join : sample::all<JoinNamespace>(steps)) types.push_back(join.type);
    return types;
}

}  // namespace

TEST_CASE("clone makes all new namespaces but those that init must make later") {
    auto spec = sample::minimal();
    for (const auto type : {NamespaceType::Pid, NamespaceType::Uts, NamespaceType::Ipc,
                            NamespaceType::Cgroup, NamespaceType::Time, NamespaceType::Network})
        add_namespace(spec, type);
    spec.linux.time_offsets = {{"boottime", {.secs = 7, .nanosecs = 0}}};
    const auto plan = namespaces_plan(spec);
    CHECK(clone_of(plan).flags ==
          (kCloneNewMount | kCloneNewPid | kCloneNewUts | kCloneNewIpc | kCloneNewNet));
    CHECK(sample::all<UnshareNamespaces>(plan.init).at(0).flags == kCloneNewCgroup);
    CHECK(sample::all<NewTimeNamespace>(plan.init).at(0).offsets.size() == 1);
    CHECK(sample::all<BringUpLoopback>(plan.init).size() == 1);
}

TEST_CASE("joined namespaces are opened by the host and joined by init, the user's last") {
    auto spec = sample::minimal();
    spec.linux.namespaces.clear();
    add_namespace(spec, NamespaceType::User, "/run/ns/user");
    add_namespace(spec, NamespaceType::Mount, "/run/ns/mnt");
    add_namespace(spec, NamespaceType::Network, "/run/ns/net");
    const auto plan = namespaces_plan(spec);
    CHECK(plan.joiner.empty());
    CHECK(sample::all<OpenNamespace>(plan.host).size() == 3);
    CHECK(joins(plan.init) ==
          std::vector{NamespaceType::Network, NamespaceType::Mount, NamespaceType::User});
    CHECK(sample::all<BecomeRoot>(plan.init).size() == 1);
    CHECK(sample::all<BringUpLoopback>(plan.init).empty());
}

TEST_CASE("a pid namespace is joined by being born in it") {
    auto spec = sample::minimal();
    add_namespace(spec, NamespaceType::Pid, "/run/ns/pid");
    const auto plan = namespaces_plan(spec);
    CHECK(clone_of(plan).enter_pid_namespace == Slot{0});
    CHECK(joins(plan.init).empty());
}

TEST_CASE("a joiner comes in between when the host could not leave a pid namespace again") {
    auto spec = sample::minimal();
    add_namespace(spec, NamespaceType::Pid, "/run/ns/pid");
    auto facts = sample::root_host();
    facts.user_namespace_of_own = Ability::Present;
    CHECK(sample::kinds(namespaces_plan(spec, facts).joiner) == Kinds{"protect-init"});
}

TEST_CASE("a joiner comes in between when new namespaces shall belong to a joined user namespace") {
    auto spec = sample::minimal();
    add_namespace(spec, NamespaceType::User, "/run/ns/user");
    add_namespace(spec, NamespaceType::Network, "/run/ns/net");
    const auto plan = namespaces_plan(spec);
    CHECK(sample::kinds(plan.joiner) ==
          Kinds{"protect-init", "join-namespace", "join-namespace", "become-root"});
    CHECK(joins(plan.joiner) == std::vector{NamespaceType::Network, NamespaceType::User});
    CHECK(joins(plan.init).empty());
    CHECK(sample::all<WriteIdMaps>(plan.host).empty());
}

TEST_CASE("a joiner comes in between when a new user namespace must not be in the way of a join") {
    auto spec = sample::remapped();
    std::erase_if(spec.linux.namespaces,
                  [](const auto& ns) { return ns.type == NamespaceType::Network; });
    add_namespace(spec, NamespaceType::Network, "/run/ns/net");
    const auto plan = namespaces_plan(spec, sample::hybrid_host());
    CHECK(sample::kinds(plan.joiner) == Kinds{"protect-init", "join-namespace"});
    CHECK((clone_of(plan).flags & kCloneNewUser) != 0);
    CHECK(sample::all<BecomeRoot>(plan.init).size() == 1);
}

TEST_CASE("an unprivileged host maps ids before init is out of its reach") {
    auto spec = sample::minimal();
    add_namespace(spec, NamespaceType::User);
    spec.linux.uid_mappings = {{.container_id = 0, .host_id = 1000, .size = 1}};
    spec.linux.gid_mappings = spec.linux.uid_mappings;
    const auto rootless = namespaces_plan(spec, sample::rootless_host());
    CHECK_FALSE(sample::all<WriteIdMaps>(rootless.host).at(0).privileged);
    CHECK(sample::kinds(rootless.init)[0] == "await");
    CHECK(sample::kinds(rootless.init)[1] == "protect-init");
    const auto root = namespaces_plan(spec);
    CHECK(sample::all<WriteIdMaps>(root.host).at(0).privileged);
    CHECK(sample::kinds(root.init)[0] == "protect-init");
}

TEST_CASE("names and sysctls are set before the root is the container's") {
    auto spec = sample::engine_like();
    spec.domainname = "example.org";
    spec.linux.sysctl = {{"net.ipv4.ip_forward", "1"}};
    const auto plan = namespaces_plan(spec, sample::hybrid_host());
    CHECK(sample::all<SetHostname>(plan.init).at(0).name == "b5a2f5c1d2e3");
    CHECK(sample::all<SetDomainname>(plan.init).at(0).name == "example.org");
    CHECK(sample::all<SetSysctl>(plan.init).at(0).value == "1");
}

}  // namespace cleat::plan

// Who owns a container's cgroup.
#include <doctest/doctest.h>

#include "../../../src/plan/numbers.hpp"
#include "sample.hpp"

namespace cleat::plan {
namespace {

using spec::NamespaceType;

/// A container that can write to its own cgroups, in a user namespace.
spec::Spec delegating() {
    auto spec = sample::remapped();
    spec.process->user.uid = Uid{1000};
    sample::add_namespace(spec, NamespaceType::Cgroup);
    spec.mounts = {sample::mount("/proc", "proc", "proc"),
                   sample::mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "rw"})};
    return spec;
}

std::vector<DelegateCgroup> given(const spec::Spec& spec,
                                  const HostFacts& facts = sample::unified_host()) {
    const auto plan = compile(spec, facts, sample::options());
    REQUIRE_MESSAGE(plan, plan.error().what);
    CHECK(broken_invariants(*plan) == std::vector<std::string>{});
    return sample::all<DelegateCgroup>(plan->host);
}

}  // namespace

TEST_CASE("the cgroup goes to who the process's user is on the host") {
    auto spec = delegating();
    REQUIRE(given(spec).size() == 1);
    CHECK(given(spec)[0].owner == Uid{101000});
    spec.process->user.uid = Uid{0};
    CHECK(given(spec).at(0).owner == Uid{100000});
    spec.mounts[1].type = "cgroup2";
    spec.mounts[1].destination = "sys/fs/cgroup/";
    CHECK(given(spec).size() == 1);
    const auto plan = compile(spec, sample::unified_host(), sample::options());
    for (const auto& step : plan->host)
        if (std::holds_alternative<DelegateCgroup>(step.action)) CHECK(step.origin == "/mounts/1");
}

TEST_CASE("without a user namespace it goes to any user but cleat's own, whose it is") {
    auto spec = delegating();
    std::erase_if(spec.linux.namespaces,
                  [](const auto& entry) { return entry.type == NamespaceType::User; });
    spec.linux.uid_mappings.clear();
    CHECK(given(spec).at(0).owner == Uid{1000});
    spec.process->user.uid = Uid{0};
    CHECK(given(spec).empty());
}

TEST_CASE("a cgroup that the container cannot write to, or sees the host in, is not given away") {
    auto spec = delegating();
    CHECK(given(spec, sample::legacy_host()).empty());
    CHECK(given(spec, sample::hybrid_host()).empty());
    for (const char* readonly : {"ro", "rro"}) {
        spec = delegating();
        spec.mounts[1].options.emplace_back(readonly);
        CHECK(given(spec).empty());
    }
    spec = delegating();
    spec.mounts[1].source = "cgroup2";
    CHECK(given(spec).empty());
    spec = delegating();
    spec.mounts[1].destination = "/cgroup";
    CHECK(given(spec).empty());
    spec = delegating();
    spec.linux.namespaces.pop_back();
    CHECK(given(spec).empty());
    sample::add_namespace(spec, NamespaceType::Cgroup, "/proc/1/ns/cgroup");
    CHECK(given(spec).empty());
}

TEST_CASE("nobody gives away what he may not, or to whom he does not know") {
    auto facts = sample::unified_host();
    facts.capabilities &= ~(std::uint64_t{1} << unsigned{kCapChown});
    CHECK(given(delegating(), facts).empty());
    auto spec = delegating();
    spec.linux.uid_mappings.clear();
    spec.linux.gid_mappings.clear();
    for (auto& entry : spec.linux.namespaces)
        if (entry.type == NamespaceType::User) entry.path = "/proc/1/ns/user";
    CHECK(given(spec).empty());
}

TEST_CASE(
    "a cgroup below the container's is made before the clone and entered below its namespace") {
    auto spec = delegating();
    spec.annotations["run.oci.delegate-cgroup"] = "payload";
    const auto plan = compile(spec, sample::unified_host(), sample::options());
    REQUIRE_MESSAGE(plan, plan.error().what);
    CHECK(broken_invariants(*plan) == std::vector<std::string>{});
    REQUIRE(sample::all<MakeSubgroup>(plan->host).size() == 1);
    CHECK(sample::all<MakeSubgroup>(plan->host)[0].name == "payload");
    CHECK(sample::all<EnterSubgroup>(plan->init).size() == 1);
    CHECK(plan->cgroups.size() == 1);
}

TEST_CASE("a cgroup v1 is not left to who is in it") {
    auto spec = delegating();
    spec.annotations["run.oci.delegate-cgroup"] = "payload";
    auto without = sample::options();
    without.cgroup_driver = CgroupDriver::Disabled;
    for (const auto& plan : {compile(spec, sample::legacy_host(), sample::options()),
                             compile(spec, sample::hybrid_host(), sample::options()),
                             compile(spec, sample::unified_host(), without)}) {
        REQUIRE_FALSE(plan);
        CHECK(plan.error().pointer == "/annotations/run.oci.delegate-cgroup");
    }
}

TEST_CASE("a subgroup of the scope is the container's cgroup, and only of a scope") {
    auto spec = delegating();
    spec.linux.cgroups_path = "machine.slice:libpod:web1";
    spec.annotations["run.oci.systemd.subgroup"] = "container";
    auto options = sample::options();
    options.cgroup_driver = CgroupDriver::Systemd;
    const auto plan = compile(spec, sample::unified_host(), options);
    REQUIRE_MESSAGE(plan, plan.error().what);
    CHECK(broken_invariants(*plan) == std::vector<std::string>{});
    CHECK(plan->cgroups.at(0).path == "/machine.slice/libpod-web1.scope/container");
    CHECK(sample::all<MakeCgroup>(plan->host).at(0).below_scope);
    spec.linux.cgroups_path = "/libpod/web1";
    const auto other = compile(spec, sample::unified_host(), sample::options());
    REQUIRE_MESSAGE(other, other.error().what);
    CHECK(other->cgroups.at(0).path == "/libpod/web1");
    CHECK_FALSE(sample::all<MakeCgroup>(other->host).at(0).below_scope);
    REQUIRE(other->warnings.size() == 1);
    CHECK(other->warnings[0].pointer == "/annotations/run.oci.systemd.subgroup");
}

}  // namespace cleat::plan

#include <doctest/doctest.h>

#include "sample.hpp"

namespace cleat::plan {
namespace {

HostFacts rdt_host() {
    auto facts = sample::legacy_host();
    facts.resctrl = "/sys/fs/resctrl";
    return facts;
}

Plan rdt_plan(const spec::IntelRdt& rdt) {
    auto spec = sample::minimal();
    spec.linux.intel_rdt = rdt;
    const auto plan = compile(spec, rdt_host(), sample::options());
    REQUIRE(plan);
    CHECK(broken_invariants(*plan) == std::vector<std::string>{});
    return *plan;
}

MakeRdtGroup group_in(const Plan& plan) {
    const auto groups = sample::all<MakeRdtGroup>(plan.host);
    REQUIRE_FALSE(groups.empty());
    return groups[0];
}

}  // namespace

TEST_CASE("without a class of service a container has an rdt group of its own") {
    const auto plan = rdt_plan({});
    CHECK(group_in(plan).group == "/sys/fs/resctrl/web1");
    CHECK(group_in(plan).owner == RdtOwner::Container);
    CHECK(plan.rdt.of_container);
    CHECK(sample::all<WriteRdtSchema>(plan.host).empty());
    CHECK(sample::all<JoinRdtGroups>(plan.host)[0].groups ==
          std::vector<std::string>{"/sys/fs/resctrl/web1"});
}

TEST_CASE("a class of service without schemata must be there, and stays") {
    const auto plan = rdt_plan({.clos_id = "gold"});
    CHECK(group_in(plan).group == "/sys/fs/resctrl/gold");
    CHECK(group_in(plan).owner == RdtOwner::Other);
    CHECK_FALSE(plan.rdt.of_container);
}

TEST_CASE("the class / is the root of the file system") {
    CHECK(group_in(rdt_plan({.clos_id = "/"})).group == "/sys/fs/resctrl");
}

TEST_CASE("schemata are written last, and are not compared with those of a group that is there") {
    const auto plan = rdt_plan({.clos_id = "gold",
                                .schemata = {"L2:0=1"},
                                .l3_cache_schema = "L3:0=f",
                                .mem_bw_schema = "MB:0=20"});
    CHECK(group_in(plan).owner == RdtOwner::Shared);
    CHECK(group_in(plan).expected == std::vector<std::string>{"L3:0=f", "MB:0=20"});
    std::vector<std::string> written;
    for (const auto& write : sample::all<WriteRdtSchema>(plan.host))
        written.push_back(write.schema);
    CHECK(written == std::vector<std::string>{"L3:0=f", "MB:0=20", "L2:0=1"});
}

TEST_CASE("monitoring is a group below the class, which ends with the container") {
    const auto plan = rdt_plan({.clos_id = "gold", .enable_monitoring = true});
    CHECK(plan.rdt.monitor == "/sys/fs/resctrl/gold/mon_groups/web1");
    CHECK(sample::all<JoinRdtGroups>(plan.host)[0].groups ==
          std::vector<std::string>{"/sys/fs/resctrl/gold", plan.rdt.monitor});
}

TEST_CASE("a container without the property touches no rdt group, mounted or not") {
    const auto plan = compile(sample::minimal(), rdt_host(), sample::options());
    REQUIRE(plan);
    CHECK(sample::all<MakeRdtGroup>(plan->host).empty());
    CHECK(sample::all<JoinRdtGroups>(plan->host).empty());
}

TEST_CASE("an exec joins the rdt groups of its container") {
    const auto spec = sample::minimal();
    MemberOptions options;
    options.rdt = {.group = "/r/gold", .monitor = "/r/gold/mon_groups/web1", .of_container = false};
    const auto plan = compile_member(spec, *spec.process, rdt_host(), options);
    REQUIRE(plan);
    CHECK(sample::all<JoinRdtGroups>(plan->host)[0].groups ==
          std::vector<std::string>{"/r/gold", "/r/gold/mon_groups/web1"});
}

}  // namespace cleat::plan

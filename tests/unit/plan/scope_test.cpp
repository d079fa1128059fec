// Room: plan. The container as a systemd unit.
#include "../../../src/plan/scope.hpp"

#include <doctest/doctest.h>

#include "sample.hpp"

namespace cleat::plan {
namespace {

using Texts = std::vector<std::string>;

Result<Plan> scope_plan(const std::string& path, const HostFacts& host) {
    auto spec = sample::minimal();
    spec.linux.cgroups_path = path;
    auto options = sample::options();
    options.cgroup_driver = CgroupDriver::Systemd;
    return compile(spec, host, options);
}

std::string value_of(std::string_view text) {
    const auto property = parse_property("X", text);
    return property ? property_text(*property) : "refused";
}

}  // namespace

TEST_CASE("slice:prefix:name is a scope in nested slices") {
    const auto plan = scope_plan("a-b.slice:cri:x1", sample::unified_host());
    REQUIRE(plan);
    CHECK(plan->scope.unit == "cri-x1.scope");
    CHECK(plan->cgroups[0].path == "/a.slice/a-b.slice/cri-x1.scope");
    CHECK(broken_invariants(*plan).empty());
    const auto starts = sample::all<StartScope>(plan->host);
    REQUIRE(starts.size() == 1);
    CHECK(starts[0].scope.slice == "a-b.slice");
}

TEST_CASE("parts of a path that are empty have defaults") {
    CHECK(scope_plan("::x", sample::unified_host())->cgroups[0].path == "/system.slice/x.scope");
    CHECK(scope_plan("-.slice::x", sample::unified_host())->cgroups[0].path == "/x.scope");
}

TEST_CASE("a user's scope is below the user's systemd, from wherever cleat is called") {
    const Scope scope{.unit = "x.scope", .slice = "user.slice", .manager = ServiceManager::User};
    const std::string user = "/user.slice/user-1000.slice";
    const std::string expected = user + "/user@1000.service/user.slice/x.scope";
    CHECK(scope_path(scope, user + "/user@1000.service/app.slice/a.service") == expected);
    CHECK(scope_path(scope, user + "/session-3.scope") == expected);
    CHECK(scope_path(scope, "/system.slice/a.service") == "/user.slice/x.scope");
}

TEST_CASE("what is no slice or scope is refused") {
    for (const char* path : {"/a/b", "a:b", "a.slice:b:", "a:b:c", "a--b.slice:b:c", "-a.slice:b:c",
                             "a.slice:b:c/d", "a.slice:b:c.slice"}) {
        CAPTURE(path);
        const auto plan = scope_plan(path, sample::unified_host());
        REQUIRE_FALSE(plan);
        CHECK(plan.error().pointer == "/linux/cgroupsPath");
    }
}

TEST_CASE("values of annotations are read by their type") {
    CHECK(value_of("true") == "true");
    CHECK(value_of(" 'a b' ") == "a b");
    CHECK(value_of("\"x\"") == "x");
    CHECK(value_of("uint64 18446744073709551615") == "infinity");
    CHECK(value_of("-3") == "-3");
    CHECK(value_of("['a', 'b']") == "[a, b]");
    for (const char* text : {"", "x", "'a", "uint32 -1", "[1", "['a' 'b']", "'a\\n'"}) {
        CAPTURE(text);
        CHECK(value_of(text) == "refused");
    }
    const auto seconds = parse_property("TimeoutStopSec", "3");
    REQUIRE(seconds);
    CHECK(seconds->name == "TimeoutStopUSec");
    CHECK(property_text(*seconds) == "3000000");
}

TEST_CASE("limits are properties of the unit, too") {
    spec::Resources resources;
    resources.memory = spec::Memory{.limit = 4096, .reservation = 1024, .swap = 6144};
    resources.cpu = spec::Cpu{.shares = 1024, .quota = 33333, .period = 100000, .cpus = "0-2,9"};
    resources.pids = spec::Pids{.limit = -1};
    const std::vector<CgroupDirectory> unified = {
        {.controllers = {"memory"}, .mountpoint = "/sys/fs/cgroup", .path = "/x", .unified = true}};
    Texts texts;
    for (const auto& property : scope_limits(resources, unified))
        texts.push_back(property.name + "=" + property_text(property));
    CHECK(texts == Texts{"MemoryMax=4096", "MemoryLow=1024", "MemorySwapMax=2048", "CPUWeight=100",
                         "CPUQuotaPeriodUSec=100000", "CPUQuotaPerSecUSec=340000",
                         "AllowedCPUs=[7, 2]", "TasksMax=infinity"});
}

TEST_CASE("block weights and files of cgroup v2 are properties where systemd has one") {
    spec::Resources resources;
    resources.block_io = spec::BlockIo{
        .weight = 1000,
        .weight_device = {{.major = 8, .minor = 0, .weight = 10}, {.major = 8, .minor = 16}}};
    resources.unified = {{"cpu.max", "max 50000"},     {"cpu.weight", "77"},
                         {"cpuset.cpus", "1"},         {"cpuset.mems", "0"},
                         {"memory.high", "4096"},      {"memory.min", "max"},
                         {"io.weight", "default 100"}, {"hugetlb.2MB.max", "0"}};
    const std::vector<CgroupDirectory> unified = {
        {.controllers = {"memory"}, .mountpoint = "/sys/fs/cgroup", .path = "/x", .unified = true}};
    Texts texts;
    for (const auto& property : scope_limits(resources, unified))
        texts.push_back(property.name + "=" + property_text(property));
    CHECK(texts == Texts{"IOWeight=10000", "IODeviceWeight=[/dev/block/8:0 1]",
                         "CPUQuotaPeriodUSec=50000", "CPUQuotaPerSecUSec=infinity", "CPUWeight=77",
                         "AllowedCPUs=[2]", "AllowedMemoryNodes=[1]", "MemoryHigh=4096",
                         "MemoryMin=infinity"});
}

TEST_CASE("systemd knows of idle processors as a weight of 0") {
    struct Row {
        spec::Cpu cpu;
        Texts told;
    };
    const std::vector<CgroupDirectory> unified = {
        {.controllers = {"cpu"}, .mountpoint = "/sys/fs/cgroup", .path = "/x", .unified = true}};
    for (const auto& row :
         {Row{{.idle = 1}, {"CPUWeight=0"}}, Row{{.shares = 1024, .idle = 1}, {"CPUWeight=0"}},
          Row{{.shares = 1024, .idle = 0}, {"CPUWeight=100"}},
          Row{{.idle = 0}, {"CPUWeight=infinity"}}, Row{{.shares = 0}, {}}}) {
        spec::Resources resources;
        resources.cpu = row.cpu;
        Texts texts;
        for (const auto& property : scope_limits(resources, unified))
            texts.push_back(property.name + "=" + property_text(property));
        CHECK(texts == row.told);
    }
}

}  // namespace cleat::plan

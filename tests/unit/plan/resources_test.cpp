#include "../../../src/plan/resources.hpp"

#include <doctest/doctest.h>

#include "cleat/base/text.hpp"
#include "sample.hpp"

namespace cleat::plan {
namespace {

using Texts = std::vector<std::string>;

std::vector<CgroupDirectory> places(const HostFacts& facts) {
    std::vector<CgroupDirectory> found;
    for (const auto& hierarchy : facts.cgroups)
        found.push_back({.controllers = hierarchy.controllers,
                         .mountpoint = hierarchy.mountpoint,
                         .path = "/web1",
                         .unified = hierarchy.unified});
    return found;
}

Result<std::vector<Step>> resources_plan(const spec::Resources& resources, const HostFacts& facts,
                                         CgroupAge age = CgroupAge::InUse) {
    auto steps =
        resource_steps(resources, places(facts), {.pointer = "/linux/resources", .age = age});
    if (!steps) return std::unexpected(steps.error());
    return (*std::move(steps)).take();
}

Texts written(const spec::Resources& resources, const HostFacts& facts,
              CgroupAge age = CgroupAge::InUse) {
    const auto steps = resources_plan(resources, facts, age);
    REQUIRE(steps);
    return sample::writes(*steps);
}

std::string refused(const spec::Resources& resources, const HostFacts& facts) {
    const auto steps = resources_plan(resources, facts);
    REQUIRE_FALSE(steps);
    CHECK(steps.error().kind == ErrorKind::Unsupported);
    return steps.error().pointer;
}

spec::Resources with(const spec::Memory& memory) {
    spec::Resources resources;
    resources.memory = memory;
    return resources;
}

spec::Resources with(const spec::Cpu& cpu) {
    spec::Resources resources;
    resources.cpu = cpu;
    return resources;
}

spec::Resources with(const spec::BlockIo& block_io) {
    spec::Resources resources;
    resources.block_io = block_io;
    return resources;
}

spec::Resources with_pids(std::int64_t limit) {
    spec::Resources resources;
    resources.pids = spec::Pids{.limit = limit};
    return resources;
}

}  // namespace

TEST_CASE("shares become weights on a curve through both ends and both defaults") {
    struct Row {
        std::uint64_t shares;
        std::uint64_t weight;
    };
    for (const Row& row : {Row{0, 1}, Row{2, 1}, Row{3, 2}, Row{10, 4}, Row{100, 17}, Row{512, 59},
                           Row{1000, 99}, Row{1024, 100}, Row{2048, 174}, Row{10240, 639},
                           Row{100000, 4340}, Row{262144, 10000}, Row{1000000, 10000}}) {
        CAPTURE(row.shares);
        CHECK(cpu_weight(row.shares) == row.weight);
    }
    std::uint64_t last = 0;
    for (std::uint64_t shares = 2; shares <= 262144; shares *= 2) {
        CHECK(cpu_weight(shares) > last);
        last = cpu_weight(shares);
    }
}

TEST_CASE("block weights are stretched from 10..1000 to 1..10000") {
    struct Row {
        std::uint16_t weight;
        std::uint64_t io_weight;
    };
    for (const Row& row : {Row{10, 1}, Row{11, 11}, Row{100, 910}, Row{500, 4950}, Row{999, 9989},
                           Row{1000, 10000}}) {
        CAPTURE(row.weight);
        CHECK(io_weight(row.weight) == row.io_weight);
    }
}

TEST_CASE("a new v1 cgroup gets its memory limit before the limit with swap") {
    const auto resources = with(spec::Memory{.limit = 1024, .reservation = 512, .swap = 2048});
    CHECK(written(resources, sample::legacy_host(), CgroupAge::New) ==
          Texts{"memory.limit_in_bytes=1024", "memory.memsw.limit_in_bytes=2048",
                "memory.soft_limit_in_bytes=512"});
}

TEST_CASE("a v1 cgroup in use makes room with memsw first, and may be refused that") {
    CHECK(written(with(spec::Memory{.limit = 1024, .swap = 2048}), sample::legacy_host()) ==
          Texts{"memory.memsw.limit_in_bytes=2048?", "memory.limit_in_bytes=1024",
                "memory.memsw.limit_in_bytes=2048"});
}

TEST_CASE("lifting the memory limit lifts the limit with swap, too") {
    CHECK(written(with(spec::Memory{.limit = -1}), sample::legacy_host()) ==
          Texts{"memory.memsw.limit_in_bytes=-1?", "memory.limit_in_bytes=-1"});
    CHECK(written(with(spec::Memory{.limit = -1}), sample::unified_host()) ==
          Texts{"memory.max=max", "memory.swap.max=max?"});
}

TEST_CASE("cgroup v2 counts swap alone") {
    CHECK(written(with(spec::Memory{.limit = 1024, .reservation = 512, .swap = 3072}),
                  sample::unified_host()) ==
          Texts{"memory.max=1024", "memory.swap.max=2048", "memory.low=512"});
    CHECK(written(with(spec::Memory{.limit = 1024, .swap = -1}), sample::unified_host()) ==
          Texts{"memory.max=1024", "memory.swap.max=max?"});
    CHECK(refused(with(spec::Memory{.swap = 3072}), sample::unified_host()) ==
          "/linux/resources/memory/swap");
    CHECK(refused(with(spec::Memory{.limit = 4096, .swap = 3072}), sample::unified_host()) ==
          "/linux/resources/memory/swap");
}

TEST_CASE("memory and swap: unlimited, zero and unset are three things") {
    struct Row {
        std::optional<std::int64_t> limit;
        std::optional<std::int64_t> swap;
        Texts v1;
        Texts v2;
    };
    const std::optional<std::int64_t> unset;
    const Texts nothing;
    const std::string limit1 = "memory.limit_in_bytes=";
    const std::string swap1 = "memory.memsw.limit_in_bytes=";
    const std::vector<Row> rows = {
        {unset, unset, nothing, nothing},
        {0, 0, nothing, nothing},
        {0, unset, nothing, nothing},
        {4096, unset, {limit1 + "4096"}, {"memory.max=4096"}},
        {4096, 0, {limit1 + "4096"}, {"memory.max=4096"}},
        {4096, 4096, {limit1 + "4096", swap1 + "4096"}, {"memory.max=4096", "memory.swap.max=0"}},
        {4096, -1, {limit1 + "4096", swap1 + "-1?"}, {"memory.max=4096", "memory.swap.max=max?"}},
        {unset, -1, {swap1 + "-1?"}, {"memory.swap.max=max?"}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.limit.value_or(-99));
        CAPTURE(row.swap.value_or(-99));
        const auto resources = with(spec::Memory{.limit = row.limit, .swap = row.swap});
        CHECK(written(resources, sample::legacy_host(), CgroupAge::New) == row.v1);
        CHECK(written(resources, sample::unified_host(), CgroupAge::New) == row.v2);
    }
}

TEST_CASE("a check before an update is one step of a cgroup v2 in use") {
    const auto resources = with(spec::Memory{.limit = 1024, .check_before_update = true});
    const auto in_use = resources_plan(resources, sample::unified_host());
    REQUIRE(in_use);
    CHECK(std::get<WriteCgroup>((*in_use)[0].action).usage_file == "memory.current");
    const auto fresh = resources_plan(resources, sample::unified_host(), CgroupAge::New);
    REQUIRE(fresh);
    CHECK(sample::all<WriteCgroup>(*fresh)[0].usage_file.empty());
}

TEST_CASE("what only v1 has is refused on v2 by name, but for what asks for nothing") {
    const auto host = sample::unified_host();
    const std::string memory = "/linux/resources/memory/";
    CHECK(refused(with(spec::Memory{.kernel = 1024}), host) == memory + "kernel");
    CHECK(refused(with(spec::Memory{.kernel_tcp = 1024}), host) == memory + "kernelTCP");
    CHECK(refused(with(spec::Memory{.swappiness = 60}), host) == memory + "swappiness");
    CHECK(refused(with(spec::Memory{.disable_oom_killer = true}), host) ==
          memory + "disableOOMKiller");
    CHECK(refused(with(spec::Cpu{.realtime_runtime = 1}), host) ==
          "/linux/resources/cpu/realtimeRuntime");
    CHECK(refused(with(spec::BlockIo{.leaf_weight = 100}), host) ==
          "/linux/resources/blockIO/leafWeight");
    CHECK(written(with(spec::Memory{.kernel = -1, .kernel_tcp = 0, .disable_oom_killer = false}),
                  host)
              .empty());
}

TEST_CASE("the zeros that engines send set nothing") {
    spec::Resources resources;
    resources.memory = spec::Memory{.limit = 0, .reservation = 0, .swap = 0, .kernel = 0};
    resources.cpu = spec::Cpu{.shares = 0, .quota = 0, .period = 0, .realtime_period = 0};
    resources.block_io = spec::BlockIo{.weight = 0, .leaf_weight = 0};
    resources.network = spec::Network{.class_id = 0, .priorities = {}};
    CHECK(written(resources, sample::legacy_host()).empty());
    CHECK(written(resources, sample::unified_host()).empty());
}

TEST_CASE("cpu time is three files on v1 and one on v2") {
    const spec::Cpu cpu{
        .shares = 512, .quota = 50000, .burst = 1000, .period = 100000, .cpus = "0-1", .mems = "0"};
    CHECK(written(with(cpu), sample::legacy_host(), CgroupAge::New) ==
          Texts{"cpu.shares=512", "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000",
                "cpu.cfs_burst_us=1000", "cpuset.cpus=0-1", "cpuset.mems=0"});
    CHECK(written(with(cpu), sample::unified_host(), CgroupAge::New) ==
          Texts{concat("cpu.weight=", cpu_weight(512)), "cpu.max=50000 100000",
                "cpu.max.burst=1000", "cpuset.cpus=0-1", "cpuset.mems=0"});
    CHECK(written(with(spec::Cpu{.quota = -1}), sample::unified_host()) == Texts{"cpu.max=max"});
    const auto period_alone =
        resources_plan(with(spec::Cpu{.period = 50000}), sample::unified_host());
    REQUIRE(period_alone);
    const auto kept = sample::all<WriteCgroup>(*period_alone);
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].value == "50000");
    CHECK(kept[0].keeps_first);
    CHECK(written(with(spec::Cpu{.shares = 2, .idle = 1}), sample::unified_host()) ==
          Texts{"cpu.weight=1", "cpu.idle=1"});
    CHECK(written(with(spec::Cpu{.shares = 2, .idle = 0}), sample::unified_host()) ==
          Texts{"cpu.idle=0", "cpu.weight=1"});
}

TEST_CASE("-1 lifts the limit of processes, and 0 leaves none but the first") {
    CHECK(written(with_pids(-1), sample::legacy_host()) == Texts{"pids.max=max"});
    CHECK(written(with_pids(0), sample::legacy_host()) == Texts{"pids.max=1"});
    CHECK(written(with_pids(0), sample::unified_host()) == Texts{"pids.max=1"});
    CHECK(written(with_pids(7), sample::unified_host()) == Texts{"pids.max=7"});
}

TEST_CASE("no limit needs no controller, and a limit does") {
    auto facts = sample::unified_host();
    facts.cgroups[0].controllers = {"hugetlb"};
    CHECK(written(with_pids(-1), facts).empty());
    CHECK(written(with(spec::Cpu{.quota = -1}), facts).empty());
    CHECK(written(with(spec::Memory{.limit = -1}), facts).empty());
    CHECK(refused(with_pids(7), facts) == "/linux/resources/pids/limit");
}

TEST_CASE("block i/o is limited per device") {
    spec::BlockIo block_io{.weight = 100};
    block_io.weight_device = {{.major = 8, .minor = 0, .weight = 200, .leaf_weight = {}}};
    block_io.throttle_read_bps_device = {{.major = 8, .minor = 0, .rate = 600}};
    block_io.throttle_write_iops_device = {{.major = 8, .minor = 16, .rate = 0}};
    CHECK(written(with(block_io), sample::legacy_host()) ==
          Texts{"blkio.bfq.weight=100", "blkio.bfq.weight_device=8:0 200",
                "blkio.throttle.read_bps_device=8:0 600",
                "blkio.throttle.write_iops_device=8:16 0"});
    CHECK(written(with(block_io), sample::unified_host()) ==
          Texts{"io.bfq.weight=100?", concat("io.weight=", io_weight(100)),
                "io.bfq.weight=8:0 200?", concat("io.weight=8:0 ", io_weight(200)),
                "io.max=8:0 rbps=600", "io.max=8:16 wiops=max"});
}

TEST_CASE("a hybrid host limits each controller where it is") {
    spec::Resources resources = with(spec::Memory{.limit = 1024});
    resources.hugepage_limits = {{.page_size = "2MB", .limit = 4096}};
    const auto steps = resources_plan(resources, sample::hybrid_host());
    REQUIRE(steps);
    const auto writes = sample::all<WriteCgroup>(*steps);
    REQUIRE(writes.size() == 3);
    CHECK(writes[0].cgroup == 2);
    CHECK(writes[1].cgroup == 7);
    CHECK(sample::writes(*steps) == Texts{"memory.limit_in_bytes=1024", "hugetlb.2MB.max=4096",
                                          "hugetlb.2MB.rsvd.max=4096?"});
    CHECK((*steps)[1].origin == "/linux/resources/hugepageLimits/0");
}

TEST_CASE("a limit that no hierarchy can keep is refused by name") {
    spec::Resources resources;
    resources.hugepage_limits = {{.page_size = "2MB", .limit = 4096}};
    CHECK(refused(resources, sample::legacy_host()) == "/linux/resources/hugepageLimits/0");
    resources = {};
    resources.network = spec::Network{.class_id = 7, .priorities = {}};
    CHECK(refused(resources, sample::unified_host()) == "/linux/resources/network/classID");
    resources = {};
    resources.rdma = {{"mlx5_1", {.hca_handles = 3, .hca_objects = {}}}};
    CHECK(refused(resources, sample::legacy_host()) == "/linux/resources/rdma/mlx5_1");
    CHECK(written(resources, sample::unified_host()) == Texts{"rdma.max=mlx5_1 hca_handle=3"});
}

TEST_CASE("files of cgroup v2 are written line by line where their controller is") {
    spec::Resources resources;
    resources.unified = {{"io.max", "8:0 rbps=1\n8:16 wbps=2"}, {"cgroup.max.depth", "3"}};
    CHECK(written(resources, sample::unified_host()) ==
          Texts{"cgroup.max.depth=3", "io.max=8:0 rbps=1", "io.max=8:16 wbps=2"});
    CHECK(refused(resources, sample::legacy_host()) == "/linux/resources/unified/cgroup.max.depth");
    resources.unified = {{"memory.high", "1"}};
    CHECK(refused(resources, sample::hybrid_host()) == "/linux/resources/unified/memory.high");
    resources.unified = {{"../memory.high", "1"}};
    const auto escaping = resources_plan(resources, sample::unified_host());
    REQUIRE_FALSE(escaping);
    CHECK(escaping.error().pointer == "/linux/resources/unified/..~1memory.high");
}

TEST_CASE("device rules end with what every container may use, and an update may leave them out") {
    spec::Resources resources;
    CHECK(resources_plan(resources, sample::legacy_host())->empty());
    resources.devices = sample::engine_device_rules();
    const auto steps = resources_plan(resources, sample::legacy_host());
    REQUIRE(steps);
    const auto set = sample::all<SetCgroupDevices>(*steps);
    REQUIRE(set.size() == 1);
    CHECK(set[0].cgroup == 3);
    CHECK_FALSE(set[0].rules.front().allow);
    CHECK(set[0].rules.back().allow);
    CHECK(set[0].rules.size() == 2 + 11);
    const auto fresh = resources_plan({}, sample::unified_host(), CgroupAge::New);
    REQUIRE(fresh);
    CHECK(sample::all<SetCgroupDevices>(*fresh).size() == 1);
}

TEST_CASE("devices come first in a new cgroup, and last where they may have to be taken back") {
    spec::Resources resources = with(spec::Memory{.limit = 1024});
    resources.devices = sample::engine_device_rules();
    const auto fresh = resources_plan(resources, sample::legacy_host(), CgroupAge::New);
    REQUIRE(fresh);
    CHECK(std::holds_alternative<SetCgroupDevices>(fresh->front().action));
    const auto in_use = resources_plan(resources, sample::legacy_host());
    REQUIRE(in_use);
    CHECK(std::holds_alternative<SetCgroupDevices>(in_use->back().action));
}

TEST_CASE("every step of resources names its property") {
    spec::Resources resources = with(spec::Memory{.limit = 1024});
    resources.devices = sample::engine_device_rules();
    const auto plan = compile_update(resources, {.cgroups = places(sample::legacy_host())});
    REQUIRE(plan);
    CHECK(plan->host[0].origin == "/memory/limit");
    CHECK(plan->host[1].origin == "/devices");
}

}  // namespace cleat::plan

#include "../../../src/plan/devices.hpp"

#include <doctest/doctest.h>

#include "sample.hpp"

namespace cleat::plan {
namespace {

Plan devices_plan(const spec::Spec& spec, const HostFacts& facts = sample::hybrid_host()) {
    auto plan = compile(spec, facts, sample::options());
    REQUIRE_MESSAGE(plan, plan.error().what);
    return *std::move(plan);
}

}  // namespace

TEST_CASE("every container has the default devices and links") {
    const auto plan = devices_plan(sample::minimal());
    const auto devices = sample::all<MakeDevice>(plan.init);
    REQUIRE(devices.size() == 6);
    CHECK(devices[0].path == "/dev/null");
    CHECK(devices[0].mode == 0666);
    CHECK(devices[0].source == DeviceSource::Node);
    const auto links = sample::all<MakeSymlink>(plan.init);
    REQUIRE(links.size() == 6);
    CHECK(links[4].path == "/dev/ptmx");
    CHECK(links[4].target == "pts/ptmx");
    CHECK(links[5].path == "/dev/core");
}

TEST_CASE("a configured device takes the place of a default one") {
    auto spec = sample::minimal();
    spec.linux.devices = {{.path = "/dev/./null",
                           .type = "u",
                           .major = 1,
                           .minor = 3,
                           .file_mode = 0600,
                           .uid = Uid{7},
                           .gid = {}}};
    const auto devices = sample::all<MakeDevice>(devices_plan(spec).init);
    REQUIRE(devices.size() == 6);
    CHECK(devices.back().path == "/dev/./null");
    CHECK(devices.back().type == "c");
    CHECK(devices.back().mode == 0600);
    CHECK(devices.back().uid == Uid{7});
}

TEST_CASE("nothing is made in a /dev that is the host's") {
    auto spec = sample::minimal();
    spec.mounts = {sample::mount("/dev/", "none", "/dev", {"rbind"})};
    const auto plan = devices_plan(spec);
    CHECK(sample::all<MakeDevice>(plan.init).empty());
    CHECK(sample::all<MakeSymlink>(plan.init).empty());
}

TEST_CASE("in a user namespace devices are the host's, but a fifo is made") {
    auto spec = sample::remapped();
    spec.linux.devices = {
        {.path = "/dev/pipe", .type = "p", .file_mode = {}, .uid = {}, .gid = {}}};
    const auto plan = devices_plan(spec);
    const auto devices = sample::all<MakeDevice>(plan.init);
    CHECK(devices.front().source == DeviceSource::BindHost);
    CHECK(devices.front().slot);
    CHECK(devices.back().source == DeviceSource::Node);
    CHECK_FALSE(devices.back().slot);
    CHECK(sample::all<MakeSymlink>(plan.init).size() == 5);
}

TEST_CASE("rules of config.json come first and defaults are added") {
    const auto rules = device_rules(sample::engine_device_rules());
    CHECK_FALSE(rules[0].allow);
    CHECK(rules[2].access == "m");
    CHECK_FALSE(rules[2].major);
    CHECK(rules.back().minor == 200);
}

TEST_CASE("a container without device rules still starts from nothing allowed") {
    const auto rules = sample::all<SetCgroupDevices>(devices_plan(sample::minimal()).host);
    REQUIRE(rules.size() == 1);
    CHECK(rules[0].on_failure == OnFailure::Refuse);
}

}  // namespace cleat::plan

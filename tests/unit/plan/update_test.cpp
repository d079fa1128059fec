// Unit tests of plan/update.cpp.
#include <doctest/doctest.h>

#include "cleat/base/text.hpp"
#include "cleat/plan/plan.hpp"

namespace cleat::plan {
namespace {

using Texts = std::vector<std::string>;

UpdateOptions scope_on_v2() {
    return {.cgroups = {{.controllers = {"cpu", "memory", "pids"},
                         .mountpoint = "/sys/fs/cgroup",
                         .path = "/x",
                         .unified = true}},
            .scope = {.unit = "x.scope", .slice = "system.slice"}};
}

Texts told(const Plan& plan) {
    Texts texts;
    for (const auto& step : plan.host) texts.push_back(print_step(step));
    return texts;
}

}  // namespace

TEST_CASE("an update writes, tells systemd, writes once more, and sets devices last") {
    spec::Resources resources;
    resources.pids = spec::Pids{.limit = 7};
    resources.devices = {{.allow = false, .access = "rwm"}};
    const auto plan = compile_update(resources, scope_on_v2());
    REQUIRE(plan);
    const auto texts = told(*plan);
    REQUIRE(texts.size() == 4);
    CHECK(texts[0] == "write \"7\" to pids.max of cgroup 0");
    // The empty list makes systemd forget the devices of before.
    CHECK(
        texts[1].starts_with("change scope x.scope of the system's systemd (DevicePolicy=strict, "
                             "DeviceAllow=[], DeviceAllow=[char-* m, "));
    CHECK(texts[1].ends_with(", TasksMax=7)"));
    CHECK(texts[2] == texts[0]);
    CHECK(texts[3].starts_with("set device rules of cgroup 0 (deny all; "));
}

TEST_CASE("a quota without a period is told with the one that is there, and the other way round") {
    struct Row {
        std::optional<std::int64_t> quota;
        std::optional<std::uint64_t> period;
        const char* told;
    };
    for (const auto& row : {Row{10000, {}, "CPUQuotaPeriodUSec=50000, CPUQuotaPerSecUSec=200000"},
                            Row{{}, 20000, "CPUQuotaPeriodUSec=20000, CPUQuotaPerSecUSec=1500000"},
                            Row{-1, {}, "CPUQuotaPeriodUSec=50000, CPUQuotaPerSecUSec=infinity"}}) {
        spec::Resources resources;
        resources.cpu = spec::Cpu{.quota = row.quota, .period = row.period};
        auto options = scope_on_v2();
        options.quota = 30000;
        options.period = 50000;
        const auto plan = compile_update(resources, options);
        REQUIRE(plan);
        CHECK(told(*plan)[1] ==
              concat("change scope x.scope of the system's systemd (", row.told, ")"));
    }
}

TEST_CASE("what systemd has no property for is not told") {
    spec::Resources resources;
    resources.cpu = spec::Cpu{.burst = 100};
    const auto plan = compile_update(resources, scope_on_v2());
    REQUIRE(plan);
    for (const auto& text : told(*plan)) CHECK(text.starts_with("write "));
}

}  // namespace cleat::plan

// Unit tests of cli/stats_text.cpp.
#include "stats_text.hpp"

#include <doctest/doctest.h>

namespace cleat::cli {
namespace {

bool has(const std::string& text, std::string_view line) {
    return text.find(line) != std::string::npos;
}

}  // namespace

TEST_CASE("Prometheus gets each family once, base units, and labels that are escaped") {
    cgroup::Stats one;
    one.cpu.total = 1'500'000'001;
    one.memory.usage.limit = ~std::uint64_t{0};
    one.io.service_bytes = {{.major = 8, .minor = 0, .operation = "Read", .value = 7}};
    one.hugetlb["2MB"].usage = 5;
    one.cpu.pressure =
        cgroup::PressurePair{.some = cgroup::Pressure{.total = 2'000'001}, .full = {}};
    cgroup::Stats other;
    other.memory.usage.limit = 9'223'372'036'854'771'712U;
    other.pids.limit = 3;
    const auto text = prometheus({{.id = "a\"b\\c\nd", .stats = one}, {.id = "e", .stats = other}});
    CHECK(has(text,
              "# HELP cleat_cpu_seconds_total CPU time that was used.\n"
              "# TYPE cleat_cpu_seconds_total counter\n"
              "cleat_cpu_seconds_total{id=\"a\\\"b\\\\c\\nd\"} 1.500000001\n"
              "cleat_cpu_seconds_total{id=\"e\"} 0.000000000\n# HELP"));
    CHECK(has(text, "\ncleat_memory_limit_bytes{id=\"e\"} +Inf\n"));
    CHECK(has(text, "\ncleat_pids_limit{id=\"e\"} 3\n"));
    CHECK(has(text, "c\\nd\",device=\"8:0\",operation=\"Read\"} 7\n"));
    CHECK(has(text, "c\\nd\",size=\"2MB\"} 5\n"));
    CHECK(has(text, "c\\nd\",resource=\"cpu\",kind=\"some\"} 2.000001\n"));
    CHECK(prometheus({}).empty());
}

TEST_CASE("the table has sizes for people") {
    cgroup::Stats stats;
    stats.cpu.total = 61'234'567'890;
    stats.memory.usage = {.limit = 64U << 20U, .usage = 1536, .max = 0, .failcnt = 0};
    stats.io.service_bytes = {{.major = 8, .minor = 0, .operation = "Read", .value = 1000},
                              {.major = 8, .minor = 16, .operation = "Read", .value = 24}};
    const auto text = stats_table({{.id = "web1", .stats = stats}});
    CHECK(has(text, "web1   61.234s   1.5K"));
    CHECK(has(text, "64.0M   0      1.0K   0B\n"));
}

}  // namespace cleat::cli

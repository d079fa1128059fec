// Unit tests of cli/json.cpp.
#include "json.hpp"

#include <doctest/doctest.h>

using namespace cleat;
using namespace cleat::cli;

TEST_CASE("a log line is one JSON object with level, msg and time") {
    CHECK(log_line({"error", "a \"b\"\n", "T", ""}) ==
          "{\"level\":\"error\",\"msg\":\"a \\\"b\\\"\\n\",\"time\":\"T\"}\n");
    CHECK(log_line({"warning", "x", "T", "/p"}) ==
          "{\"level\":\"warning\",\"msg\":\"x\",\"time\":\"T\",\"pointer\":\"/p\"}\n");
}

TEST_CASE("a log line survives what is not UTF-8") {
    CHECK(log_line({"error", "\xff", "T", ""}).find("\xef\xbf\xbd") != std::string::npos);
}

TEST_CASE("sizes have units of 1024") {
    CHECK(parse_size("0") == 0);
    CHECK(parse_size("-1") == -1);
    CHECK(parse_size("64") == 64);
    CHECK(parse_size("64b") == 64);
    CHECK(parse_size("2k") == 2048);
    CHECK(parse_size("64MiB") == 64 << 20);
    CHECK(parse_size("1gb") == 1 << 30);
    CHECK(parse_size("1T") == std::int64_t{1} << 40U);
}

TEST_CASE("what is no size is refused") {
    for (const char* text : {"", "k", "1x", "1kk", "-2", "-1k", "1.5g", "9223372036854775808",
                             "9007199254740992k", " 1", "1 ", "--1", "1bb", "1bi"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_size(text));
    }
}

TEST_CASE("single limits become a resources document") {
    UpdateArguments arguments;
    arguments.limits = {{"--memory", "memory", "limit", Limit::Form::Size, "64M"},
                        {"--memory-swap", "memory", "swap", Limit::Form::Size, "-1"},
                        {"--cpuset-cpus", "cpu", "cpus", Limit::Form::Text, "0-1\""},
                        {"--cpu-quota", "cpu", "quota", Limit::Form::Number, "-1"},
                        {"--pids-limit", "pids", "limit", Limit::Form::Number, {}}};
    CHECK(resources_of(arguments) ==
          R"({"memory":{"limit":67108864,"swap":-1},"cpu":{"cpus":"0-1\"","quota":-1}})");
}

TEST_CASE("a limit that is no number names its flag") {
    UpdateArguments arguments;
    arguments.limits = {{"--cpu-quota", "cpu", "quota", Limit::Form::Number, "many"}};
    const auto made = resources_of(arguments);
    REQUIRE_FALSE(made);
    CHECK(made.error().what == "--cpu-quota: \"many\" is not a number");
    arguments.limits.clear();
    CHECK_FALSE(resources_of(arguments));
}

TEST_CASE("pressure is a resource, a kind and a time, of which the resource is enough") {
    using namespace std::chrono_literals;
    const auto shortest = parse_trigger("memory");
    REQUIRE(shortest);
    CHECK(shortest->kind == "some");
    CHECK(shortest->stall == 150ms);
    const auto longest = parse_trigger("io:full:20ms/2s");
    REQUIRE(longest);
    CHECK(longest->resource == "io");
    CHECK(longest->window == 2s);
    for (const char* text : {"", "disk", "cpu:most", "cpu:some:", "cpu:some:1s",
                             "cpu:some:1s/2s/3s", "cpu:some:1s/2s:x", "cpu:some:1/2"})
        CHECK_FALSE(parse_trigger(text));
}

TEST_CASE("statistics of an rdt group have runc's members, and none without a group") {
    const auto data_of = [](const cgroup::Stats& stats) {
        const auto line = stats_line("web1", stats);
        const auto begin = line.find("\"intel_rdt\":") + 12;
        return line.substr(begin, line.find(",\"network_interfaces\"") - begin);
    };
    cgroup::Stats stats;
    CHECK(data_of(stats) == "{}");
    stats.rdt.emplace();
    CHECK(data_of(stats) == "{}");
    stats.rdt->cache = cgroup::RdtStats::Resource<cgroup::RdtStats::Cache>{
        .info = {.mask = "7ff", .min_bits = 2, .classes = 16},
        .root_schema = "L3:0=7ff",
        .schema = "L3:0=f"};
    stats.rdt->schemata = {"L3:0=f"};
    stats.rdt->occupancy = std::vector<std::uint64_t>{4096, 0};
    CHECK(data_of(stats) ==
          R"({"l3_cache_info":{"cbm_mask":"7ff","min_cbm_bits":2,"num_closids":16},)"
          R"("l3_cache_schema_root":"L3:0=7ff","l3_cache_schema":"L3:0=f",)"
          R"("schemata":["L3:0=f"],"cmt_stats":[{"llc_occupancy":4096},{"llc_occupancy":0}]})");
    stats.rdt = cgroup::RdtStats{};
    stats.rdt->bandwidth = cgroup::RdtStats::Resource<cgroup::RdtStats::Bandwidth>{
        .info = {.granularity = 10, .delay_linear = 0, .minimum = 10, .classes = 8},
        .root_schema = "MB:0=100",
        .schema = "MB:0=20"};
    stats.rdt->traffic = std::vector<cgroup::RdtStats::Traffic>{{.total = 5, .local = 0}};
    CHECK(data_of(stats) ==
          R"({"mem_bw_info":{"bandwidth_gran":10,"min_bandwidth":10,"num_closids":8},)"
          R"("mem_bw_schema_root":"MB:0=100","mem_bw_schema":"MB:0=20",)"
          R"("mbm_stats":[{"mbm_total_bytes":5,"mbm_local_bytes":0}]})");
}

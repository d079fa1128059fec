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

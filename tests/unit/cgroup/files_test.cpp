// Room: cgroup. Small helpers over texts and time.
#include <doctest/doctest.h>

#include "internal.hpp"

using namespace cleat;
using namespace cleat::cgroup;

TEST_CASE("words are what is between blanks") {
    CHECK(words("").empty());
    CHECK(words(" \n").empty());
    CHECK(words("cpu memory\n") == std::vector<std::string_view>{"cpu", "memory"});
    CHECK(words("\n17\n\n4 ") == std::vector<std::string_view>{"17", "4"});
}

TEST_CASE("a value is found by its whole key") {
    constexpr std::string_view kEvents = "oom 3\noom_kill 1\noom_group_kill 0\n";
    CHECK(value_of(kEvents, "oom") == "3");
    CHECK(value_of(kEvents, "oom_kill") == "1");
    CHECK(value_of(kEvents, "kill").empty());
    CHECK(value_of("", "oom").empty());
}

TEST_CASE("a uid is another one outside of a user namespace") {
    constexpr std::string_view kMap = "         0       1000          1\n 1 100000 65536\n";
    CHECK(outside_uid(kMap, 0) == 1000);
    CHECK(outside_uid(kMap, 3) == 100002);
    CHECK(outside_uid(kMap, 65537) == 65537);
    CHECK(outside_uid("0 0 4294967295\n", 1000) == 1000);
}

TEST_CASE("patience ends") {
    Patience none{std::chrono::milliseconds{0}};
    CHECK_FALSE(none.wait());
    CHECK(none.left().count() == 0);
    Patience some{std::chrono::milliseconds{5}};
    int times = 0;
    while (some.wait()) ++times;
    CHECK(times >= 1);
    CHECK(times < 40);
}

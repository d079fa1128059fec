#include "cleat/base/ids.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using cleat::ContainerId;
using cleat::parse_signal;

TEST_CASE("signals are read by number and by name in every usual form") {
    CHECK(parse_signal("9")->number == 9);
    CHECK(parse_signal("0")->number == 0);
    CHECK(parse_signal("KILL")->number == 9);
    CHECK(parse_signal("sigterm")->number == 15);
    CHECK(parse_signal("SIGRTMIN")->number == 34);
    CHECK(parse_signal("RTMIN+3")->number == 37);
    CHECK(parse_signal("SIGRTMAX-1")->number == 63);
    CHECK(parse_signal("poll")->number == 29);
}

TEST_CASE("what is no signal is refused") {
    for (const auto* text : {"", "65", "-1", "SIG", "KILLER", "RTMIN+31", "RTMIN-1", "9 ", " 9"})
        CHECK_FALSE_MESSAGE(parse_signal(text), text);
}

TEST_CASE("container ids are of letters, digits and four signs") {
    for (const auto* text : {"a", "web-1", "A_b+c.d", "4711", "..."})
        CHECK_MESSAGE(ContainerId::parse(text), text);
    for (const auto* text : {"", ".", "..", "a/b", "a b", "ä", "a\n"})
        CHECK_FALSE_MESSAGE(ContainerId::parse(text), text);
    CHECK_FALSE(ContainerId::parse(std::string(1025, 'a')));
    const auto refused = ContainerId::parse("a/b");
    CHECK(refused.error().what.starts_with("invalid container ID format"));
}

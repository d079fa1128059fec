// Unit tests of lifecycle/user.cpp.
#include "user.hpp"

#include <doctest/doctest.h>

#include "cleat/lifecycle/lifecycle.hpp"

using namespace cleat;
using namespace cleat::lifecycle;

TEST_CASE("a user is a number, or two") {
    for (const std::uint32_t number : {0U, 1U, 1000U, 4294967294U}) {
        const auto text = std::to_string(number);
        const auto one = parse_user(text);
        REQUIRE(one);
        CHECK(one->uid == Uid{number});
        CHECK_FALSE(one->gid);
        const auto two = parse_user("7:" + text);
        REQUIRE(two);
        CHECK(two->uid == Uid{7});
        CHECK(two->gid == Gid{number});
    }
    CHECK(parse_user("0000000001")->uid == Uid{1});
}

TEST_CASE("everything else is refused and never taken for a name or for root") {
    for (const char* text : {"",
                             ":",
                             "1:",
                             ":1",
                             "root",
                             "root:root",
                             "-1",
                             "+1",
                             " 1",
                             "1 ",
                             "1\n",
                             "1:2:3",
                             "0x1",
                             "1e3",
                             "4294967295",
                             "4294967296",
                             "18446744073709551616",
                             "00000000001",
                             "1,2",
                             "1.0",
                             "1:root",
                             "1:-1",
                             "1:4294967295",
                             "\xd9\xa1"}) {
        CAPTURE(text);
        const auto parsed = parse_user(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().kind == ErrorKind::InvalidArgument);
    }
}

TEST_CASE("names come from passwd(5) lines that are whole") {
    const char* passwd = "root:x:0:0:r:/:/bin/sh\n::7::\nbroken\nweb:x:1000:1000::/:/bin/sh\n";
    CHECK(find_user_name(passwd, 1000) == "web");
    CHECK(find_user_name(passwd, 7) == std::nullopt);
    CHECK(find_user_name(passwd, 5) == std::nullopt);
    CHECK(find_user_name("", 0) == std::nullopt);
}

TEST_CASE("a user without a name is shown by number") {
    CHECK(user_name(0) == "root");
    CHECK(user_name(4294967294U) == "#4294967294");
}

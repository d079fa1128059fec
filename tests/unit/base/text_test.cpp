#include "cleat/base/text.hpp"

#include <doctest/doctest.h>

using cleat::concat;

TEST_CASE("concat writes texts, characters and integers") {
    CHECK(concat("a", 'b', 12, std::string("c"), -3, 18446744073709551615ULL) ==
          "ab12c-318446744073709551615");
    CHECK(concat().empty());
}

TEST_CASE("split and join are each other's inverse") {
    CHECK(cleat::split("a,,b", ',') == std::vector<std::string_view>{"a", "", "b"});
    CHECK(cleat::split("", ',').size() == 1);
    CHECK(cleat::join({"", "a", ""}, ",") == ",a,");
}

TEST_CASE("numbers are whole texts") {
    CHECK(cleat::parse_number<int>("12") == 12);
    CHECK_FALSE(cleat::parse_number<int>("12 "));
    CHECK_FALSE(cleat::parse_number<int>(" 12"));
    CHECK_FALSE(cleat::parse_number<int>("+12"));
    CHECK_FALSE(cleat::parse_number<unsigned>("-1"));
    CHECK_FALSE(cleat::parse_number<int>("99999999999"));
    CHECK_FALSE(cleat::parse_number<int>(""));
}

TEST_CASE("JSON pointers escape what separates") {
    CHECK(cleat::pointer_push("/a", "b/c~d") == "/a/b~1c~0d");
    CHECK(cleat::pointer_push("/a", std::size_t{3}) == "/a/3");
}

TEST_CASE("paths are made normal by text alone") {
    CHECK(cleat::normal_path("/a//b/./c/") == "/a/b/c");
    CHECK(cleat::normal_path("/a/../../b") == "/b");
    CHECK(cleat::normal_path("a/b") == "/a/b");
    CHECK(cleat::normal_path("/..") == "/");
    CHECK(cleat::normal_path("") == "/");
}

TEST_CASE("quoted escapes what would break a line") {
    CHECK(cleat::quoted("a\"b\n") == "\"a\\\"b\\u000a\"");
}

TEST_CASE("modes are shown in octal") { CHECK(cleat::octal(0755) == "0755"); }

TEST_CASE("the tokens of a pointer are what was pushed") {
    CHECK(cleat::pointer_tokens("").empty());
    CHECK(cleat::pointer_tokens("/") == std::vector<std::string>{""});
    CHECK(cleat::pointer_tokens("/a~1b/~0~01/3") == std::vector<std::string>{"a/b", "~~1", "3"});
    CHECK(cleat::pointer_tokens(cleat::pointer_push("/x", "~/~1")) ==
          std::vector<std::string>{"x", "~/~1"});
}

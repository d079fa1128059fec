// Unit tests of cli/pattern.cpp.
#include "pattern.hpp"

#include <doctest/doctest.h>

using namespace cleat::cli;
using Words = std::vector<std::string>;

TEST_CASE("a pattern is found anywhere in a name unless it is anchored") {
    const Words names = {"web1", "web2", "db"};
    CHECK(matching(names, "eb") == Words{"web1", "web2"});
    CHECK(matching(names, "^d") == Words{"db"});
    CHECK(matching(names, "x") == Words{});
}

TEST_CASE("a broken pattern is refused") { CHECK_FALSE(matching({"a"}, "(")); }

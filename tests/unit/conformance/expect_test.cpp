// Unit tests of conformance/expect.cpp.
#include "expect.hpp"

#include <doctest/doctest.h>

namespace cleat::conformance {
namespace {

const Value& seen() {
    static const Value value =
        parse(R"({"n":7,"text":"7","word":"some words","list":["a","b",3],"truth":true,)"
              R"("deep":{"x":{"y":"z"}},"large":18446744073709551615,"minus":-1,"empty":""})")
            .value_or(Value{});
    return value;
}

bool holds(std::string_view statement) { return !expect(seen(), statement); }

TEST_CASE("each operator holds and does not hold") {
    for (const char* const statement : {"n = 7",
                                        "text = 7",
                                        "n = \"7\"",
                                        "word = some words",
                                        "deep/x/y = z",
                                        "truth = true",
                                        "large = 18446744073709551615",
                                        "minus = -1",
                                        "empty = ",
                                        "n != 8",
                                        "nothing isnt 7",
                                        "n isnt 8",
                                        "n < 8",
                                        "n <= 7",
                                        "n > 6",
                                        "n >= 7",
                                        "minus < 0",
                                        "list has a",
                                        "list has 3",
                                        "word has words",
                                        "deep has x",
                                        "list lacks c",
                                        "n in [6,7]",
                                        "word in [\"some words\"]",
                                        "word like some*",
                                        "word like *words",
                                        "word like s*s",
                                        "n exists",
                                        "nothing absent",
                                        "list = [\"a\",\"b\",3]",
                                        ". has n"})
        CHECK_MESSAGE(holds(statement), statement);
    for (const char* const statement :
         {"n = 8",          "word = some",   "n != 7",      "n isnt 7",     "n < 7",
          "n <= 6",         "n > 7",         "n >= 8",      "word > 1",     "list has c",
          "word has other", "list lacks a",  "n in [6]",    "word like x*", "word like *x",
          "nothing exists", "n absent",      "nothing = 7", "nothing != 7", "nothing lacks x",
          "list = [\"a\"]", "truth = false", "n = x"})
        CHECK_MESSAGE(!holds(statement), statement);
}

TEST_CASE("what is wrong is said with what was seen") {
    const auto broken = expect(seen(), "deep/x/y = other");
    REQUIRE(broken);
    CHECK(broken->expected == "deep/x/y = other");
    CHECK(broken->seen == R"(deep/x/y: "z")");
    const auto nothing = expect(seen(), "deep/q = 1");
    REQUIRE(nothing);
    CHECK(nothing->seen == "deep/q: nothing there");
}

TEST_CASE("a statement is an expectation by its second word, whatever the first") {
    CHECK(is_expectation("cgroup has x"));
    CHECK(is_expectation("hooks = []"));
    CHECK_FALSE(is_expectation("cgroup /a"));
    CHECK_FALSE(is_expectation("run"));
}

}  // namespace
}  // namespace cleat::conformance

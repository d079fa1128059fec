// Unit tests of conformance/value.cpp.
#include "value.hpp"

#include <doctest/doctest.h>

namespace cleat::conformance {
namespace {

Value json(std::string_view text) { return parse(text).value_or(Value{}); }

std::string merged(std::string_view document, std::string_view patch) {
    Value value = json(document);
    merge(value, json(patch));
    return dump(value);
}

TEST_CASE("what is written is what was read") {
    for (const char* const text :
         {"null", "true", "-7", "18446744073709551615", R"("a\"b")", "[]", R"({"a":[1,{"b":""}]})"})
        CHECK(dump(json(text)) == text);
}

TEST_CASE("a patch sets, replaces and removes members, at any depth") {
    CHECK(merged(R"({"a":1,"b":{"c":2}})", R"({"a":"x","b":{"d":3}})") ==
          R"({"a":"x","b":{"c":2,"d":3}})");
    CHECK(merged(R"({"a":1,"b":2})", R"({"a":null})") == R"({"b":2})");
    CHECK(merged(R"({"a":[1,2]})", R"({"a":[3]})") == R"({"a":[3]})");
    CHECK(merged("{}", R"({"a":{"b":{"c":1}}})") == R"({"a":{"b":{"c":1}}})");
}

TEST_CASE("a patch adds elements to an array, and takes named ones off it") {
    CHECK(merged(R"({"a":[1]})", R"({"+a":[2,3]})") == R"({"a":[1,2,3]})");
    CHECK(merged("{}", R"({"+a":[1]})") == R"({"a":[1]})");
    CHECK(merged(R"({"n":[{"type":"pid"},{"type":"net"}]})", R"({"-n":["pid"]})") ==
          R"({"n":[{"type":"net"}]})");
    CHECK(merged(R"({"m":[{"destination":"/dev"}],"p":["x","y"]})",
                 R"({"-m":["/dev"],"-p":["x"]})") == R"({"m":[],"p":["y"]})");
    CHECK(merged("{}", R"({"-a":["x"]})") == "{}");
}

TEST_CASE("a path leads through objects and arrays") {
    const Value value = json(R"({"a":[{"b":"found"}],"":{"x":1}})");
    CHECK(text_at(value, "a/0/b") == "found");
    CHECK(at(value, "/x") != nullptr);
    CHECK(at(value, "a/1") == nullptr);
    CHECK(at(value, "a/b") == nullptr);
    CHECK(at(value, "a/0/b/c") == nullptr);
}

TEST_CASE("objects are equal whatever the order of their members") {
    CHECK(equal(json(R"({"a":1,"b":2})"), json(R"({"b":2,"a":1})")));
    CHECK_FALSE(equal(json(R"({"a":1})"), json(R"({"a":1,"b":2})")));
    CHECK_FALSE(equal(json("[1,2]"), json("[2,1]")));
}

}  // namespace
}  // namespace cleat::conformance

// Unit tests of conformance/needs.cpp.
#include "needs.hpp"

#include <doctest/doctest.h>

namespace cleat::conformance {
namespace {

Circumstances known(std::string_view features, const char* spec) {
    return {.host = parse(R"({"caps":{"permitted":["CAP_KILL"]},"ns":{"time":"time:[1]"}})")
                        .value_or(Value{}),
            .cgroups = {},
            .features = parse(features).value_or(Value{}),
            .spec = spec};
}

TEST_CASE("a property is newer than what a runtime is for") {
    CHECK(unmet("since:1.1", known("null", "1.1.0")).empty());
    CHECK(unmet("since:1.0", known("null", "1.0.2-dev")).empty());
    CHECK(unmet("since:1.1", known("null", "1.0.2-dev")) ==
          "came with 1.1, the runtime is for 1.0.2-dev");
    CHECK_FALSE(unmet("since:1.1", known("null", "")).empty());
}

TEST_CASE("features say true, a name in an array, or no") {
    const auto told = known(R"({"a":{"yes":true,"no":false,"list":["x"]}})", "1.3");
    CHECK(unmet("feature:a/yes", told).empty());
    CHECK(unmet("feature:a/list/x", told).empty());
    CHECK(unmet("feature:a/no", told) == "the runtime says in its features: no a/no");
    CHECK_FALSE(unmet("feature:a/list/y", told).empty());
    CHECK(unmet("feature:a/yes", known("null", "1.3")) == "the runtime tells no features");
}

TEST_CASE("the host has capabilities and namespaces; the first need that is not met is named") {
    const auto host = known("null", "1.3");
    CHECK(unmet("cap:CAP_KILL ns:time", host).empty());
    CHECK(unmet("cap:CAP_CHOWN", host) == "we do not have CAP_CHOWN");
    CHECK(unmet("ns:time ns:moon cap:CAP_CHOWN", host) ==
          "the kernel has no namespaces of type moon");
    CHECK(unmet("moon", host) == "unknown need moon");
    CHECK(unmet("", host).empty());
}

}  // namespace
}  // namespace cleat::conformance

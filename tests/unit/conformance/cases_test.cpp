// Unit tests of conformance/cases*.cpp: the tables themselves.
#include "cases.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "expect.hpp"
#include "script.hpp"

namespace cleat::conformance {
namespace {

TEST_CASE("ids are unique, and each case says what it is about and does something") {
    std::set<std::string_view> ids;
    for (const auto& subject : subjects())
        for (const auto& test : subject.cases) {
            CHECK_MESSAGE(ids.insert(test.id).second, test.id);
            CHECK_MESSAGE(*test.title != '\0', test.id);
            CHECK_MESSAGE(*test.clause != '\0', test.id);
            CHECK_MESSAGE(*test.script != '\0', test.id);
            CHECK(find_case(test.id) == &test);
        }
    CHECK(ids.size() >= 500);
    CHECK(find_case("no.such.case") == nullptr);
}

TEST_CASE("every patch is JSON, once its variables are filled in") {
    Stage stage;
    for (const auto& subject : subjects())
        for (const auto& test : subject.cases)
            if (*test.patch != '\0') CHECK_MESSAGE(parse(stage.filled(test.patch)), test.id);
}

/// A statement that checks nothing would make a case that cannot fail.
TEST_CASE("every script ends with something that can fail") {
    for (const auto& subject : subjects())
        for (const auto& test : subject.cases) {
            const std::string_view script = test.script;
            const auto last = script.rfind("; ");
            const auto statement =
                last == std::string_view::npos ? script : script.substr(last + 2);
            const auto verb = statement.substr(0, statement.find(' '));
            const bool looks = verb == "look" || verb == "cgroup" || verb == "proc" ||
                               verb == "hooks" || verb == "mounts" || verb == "sleep";
            CHECK_MESSAGE((is_expectation(statement) || !looks), test.id);
        }
}

TEST_CASE("variables are filled in, also within what is called") {
    Stage stage;
    stage.id = "box";
    stage.directory = "/d";
    stage.names["ONE"] = "1";
    CHECK(stage.filled("$ID $CGROUP $ONE $NONE x$") == "box /box 1  x$");
    CHECK(stage.filled("$ROOTFS/etc") == "/d/bundle/rootfs/etc");
    CHECK(stage.filled("$HOOK(name read:$DIR)").find("\"read:/d\"") != std::string::npos);
    CHECK(stage.filled("$FEATURE(none)") == "[]");
}

}  // namespace
}  // namespace cleat::conformance

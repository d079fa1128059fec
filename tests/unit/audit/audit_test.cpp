// Unit tests of audit/audit.cpp and namespaces.cpp.
#include "cleat/audit/audit.hpp"

#include <doctest/doctest.h>

#include "sample.hpp"

namespace cleat::audit {
namespace {

using sample::changed;
using sample::found;
using sample::has;

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a careful configuration has nothing to find") {
    CHECK(found(std::string(sample::kCareful)) == Lines{});
}

TEST_CASE("each namespace that is missing is one of the host, and so is the host's by its path") {
    CHECK(found(changed(R"({"type": "pid"}, )", "")) ==
          Lines{"low host-namespace /linux/namespaces"});
    const auto bare = sample::without_users();
    CHECK(has(found(changed(R"({"type": "network"}, )", "", bare)),
              "high host-namespace /linux/namespaces"));
    constexpr std::string_view kBare = R"({"ociVersion": "1.3.0", "root": {"path": "rootfs"},
        "process": {"args": ["/bin/true"], "cwd": "/", "user": {"uid": 0, "gid": 0}}})";
    CHECK(has(found(std::string(kBare)), "critical host-namespace /linux/namespaces"));
    CHECK(has(
        found(changed(R"({"type": "pid"})", R"({"type": "pid", "path": "/proc/1/ns/pid"})", bare)),
        "high host-namespace /linux/namespaces/0/path"));
}

TEST_CASE("the pid namespace of another container is shared") {
    const auto text =
        changed(R"({"type": "pid"})", R"({"type": "pid", "path": "/proc/4711/ns/pid"})");
    CHECK(found(text) == Lines{"low shared-pid-namespace /linux/namespaces/0/path"});
}

TEST_CASE("ids that are the host's are found, and a mapping of the host's root") {
    CHECK(found(sample::without_users()) == Lines{"medium no-user-namespace /linux/namespaces"});
    CHECK(found(changed(R"("hostID": 100000)", R"("hostID": 0)")) ==
          Lines{"medium host-root-mapped /linux/uidMappings/0/hostID"});
}

TEST_CASE("findings are in the order of the document, with their places") {
    const auto report = audit({.file = "x", .text = sample::without_users()}, {});
    REQUIRE(report);
    REQUIRE(report->findings.size() == 1);
    CHECK(report->findings[0].position.line == 8);
    CHECK(report->findings[0].position.column == 19);
    CHECK(!report->findings[0].hint.empty());
}

TEST_CASE("rules that are accepted are left out") {
    CHECK(found(sample::without_users(), {"no-user-namespace"}) == Lines{});
}

TEST_CASE("what no container can be made of is an error with its place") {
    const auto lines = found(changed(R"("cwd": "/")", R"("cwd": "x")"));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("config.json:4:") == 0);
    CHECK(lines[0].find("/process/cwd") != std::string::npos);
}

TEST_CASE("the worst risk is that of one finding") {
    const auto report = audit({.file = "x", .text = sample::without_users()}, {});
    REQUIRE(report);
    CHECK(worst({*report}) == Risk::Medium);
    CHECK(!worst({}));
    CHECK(risk_of("critical") == Risk::Critical);
    CHECK(!risk_of("never"));
}

TEST_CASE("text names the risk, the rule and the fix, SARIF the rules with their scores") {
    const auto report = audit({.file = "x", .text = sample::without_users()}, {});
    REQUIRE(report);
    const auto text = validate::render({*report}, validate::Format::Text, {.version = "1"});
    CHECK(text.find("x:8:19: medium: /linux/namespaces: has no user namespace") == 0);
    CHECK(text.find(" [no-user-namespace]\nx:8:19: note: add ") != std::string::npos);
    const auto sarif =
        validate::render({*report}, validate::Format::Sarif, {.version = "1", .rules = rules()});
    CHECK(sarif.find(R"("security-severity": "9.5")") != std::string::npos);
    CHECK(sarif.find(R"("ruleId": "no-user-namespace")") != std::string::npos);
    CHECK(sarif.find(R"("ruleIndex": 2)") != std::string::npos);
    const auto github = validate::render({*report}, validate::Format::Github, {.version = "1"});
    CHECK(github.find("::warning file=x,line=8") == 0);
}

}  // namespace cleat::audit

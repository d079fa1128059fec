// Unit tests of validate/validate.cpp and the rules that it applies.
#include "cleat/validate/validate.hpp"

#include <doctest/doctest.h>

#include "cleat/base/text.hpp"

namespace cleat::validate {
namespace {

/// "POINTER: MESSAGE" of each finding, warnings with a "?" in front.
std::string judged(std::string_view text, Settings settings = {}) {
    Validator validator(std::move(settings));
    const auto report = validator.judge({.file = "x", .text = std::string(text)});
    REQUIRE(report.has_value());
    std::string out;
    for (const auto& finding : report->findings)
        out += concat(out.empty() ? "" : "\n", finding.severity == spec::Severity::Error ? "" : "?",
                      finding.pointer, ": ", finding.message);
    return out;
}

}  // namespace

TEST_CASE("what schema and rules both find is said once, in the words of the rules") {
    CHECK(judged(R"({"ociVersion": "1.3.0", "root": {"path": ""}})") ==
          "/root/path: must not be empty");
    CHECK(judged(R"({"root": {"path": "r"}})") == "/ociVersion: is required");
    CHECK(judged(R"({"ociVersion": 1, "root": {"path": "r"}})") ==
          "/ociVersion: must be a string, not a number");
}

TEST_CASE("rules speak though another value cannot be read") {
    CHECK(judged(R"({"ociVersion": "1.3.0", "root": {"path": "r", "readonly": 1},
                     "process": {"args": [1], "cwd": "x"}})") ==
          "/root/readonly: must be a boolean, not a number\n"
          "/process/args/0: must be a string, not a number\n"
          "/process/cwd: must be an absolute path");
    // Without the namespaces nothing is said of what needs one.
    CHECK(judged(R"({"ociVersion": "1.3.0", "root": {"path": "r"}, "hostname": "a",
                     "linux": {"namespaces": {}}})") ==
          "/linux/namespaces: must be an array, not an object");
}

TEST_CASE("null is how some write what is not there") {
    CHECK(judged(R"({"ociVersion": "1.3.0", "root": {"path": "r"}, "mounts": null})") ==
          "?/mounts: null is read as absent, the specification has none here");
}

TEST_CASE("a state needs the pid of what lives, and may have members of its own") {
    const std::string state = R"({"ociVersion": "1.0.0", "id": "a", "bundle": "/b", "x": 1, )";
    CHECK(judged(state + R"("status": "stopped"})").empty());
    CHECK(judged(state + R"("status": "created"})") ==
          "/pid: is required of a container that is created");
    CHECK(judged(state + R"("status": "odd", "anotations": {}})") ==
          "?/anotations: unknown property is ignored");
}

TEST_CASE("features have a range of versions that is one") {
    CHECK(judged(R"({"ociVersionMin": "1.0.0", "ociVersionMax": "1.0.0-rc1"})").empty());
    CHECK(judged(R"({"ociVersionMin": "1.2.0", "ociVersionMax": "1.10.0"})").empty());
    CHECK(judged(R"({"ociVersionMin": "1.10.0", "ociVersionMax": "1.9.0"})") ==
          "/ociVersionMin: is beyond ociVersionMax, \"1.9.0\"");
}

TEST_CASE("all warnings are errors if one wants it so") {
    Settings strict;
    strict.warnings = Settings::Warnings::Fail;
    CHECK(judged(R"({"ociVersion": "1.3.0", "root": {"path": "r"}, "x": 1})", strict) ==
          "/x: unknown property is ignored");
}

TEST_CASE("a column counts bytes, a character counts characters") {
    Validator validator({});
    const auto report =
        validator.judge({.file = "x", .text = "{\"ociVersion\": \"1.3.0\",\n\"\u00e9\": 1}"});
    REQUIRE(report.has_value());
    REQUIRE(report->findings.size() == 2);
    CHECK(report->findings[1].position.column == 7);
    CHECK(report->findings[1].character == 6);
}

}  // namespace cleat::validate

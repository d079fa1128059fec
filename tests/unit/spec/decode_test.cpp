// Unit tests of spec/decode.cpp and bind.hpp.
#include "documents.hpp"

namespace cleat::spec {
namespace {

using documents::config;
using documents::Mistake;
using documents::problems_of;

}  // namespace

TEST_CASE("the least config is accepted") {
    const auto decoded = decode_config(config());
    CHECK(problems_of(decoded) == "");
    REQUIRE(decoded.value);
    CHECK(decoded.value->oci_version == "1.3.0");
    CHECK(decoded.value->root->path == "rootfs");
    CHECK(decoded.value->process->args == std::vector<std::string>{"/bin/true"});
    CHECK(decoded.value->linux.namespaces.size() == 5);
    CHECK(decoded.unknown.empty());
}

TEST_CASE("a value of the wrong type is refused with both types") {
    constexpr Mistake kRows[] = {
        {R"([])", "", "must be an object, not an array"},
        {R"("x")", "", "must be an object, not a string"},
        {R"({"ociVersion": 1, "root": {"path": "r"}})", "/ociVersion", "a string, not a number"},
        {R"({"ociVersion": "1.0.0", "root": []})", "/root", "must be an object, not an array"},
        {R"({"ociVersion": "1.0.0", "root": {"path": null}})", "/root/path", "a string, not null"},
        {R"({"ociVersion": "1.0.0", "root": {"path": "r", "readonly": "yes"}})", "/root/readonly",
         "must be a boolean, not a string"},
        {R"({"ociVersion": "1.0.0", "mounts": {}})", "/mounts", "must be an array, not an object"},
        {R"({"ociVersion": "1.0.0", "annotations": {"a/b": 1}})", "/annotations/a~1b",
         "must be a string, not a number"},
        {R"({"ociVersion": "1.0.0", "linux": {"namespaces": [{"type": "moon"}]}})",
         "/linux/namespaces/0/type", "unknown namespace type \"moon\""},
        {R"({"ociVersion": "1.0.0", "linux": null})", "/linux", "must be an object, not null"},
    };
    for (const auto& row : kRows) documents::check_mistake(decode_config(row.text), row);
}

TEST_CASE("a number outside its type is refused with the range") {
    constexpr Mistake kRows[] = {
        {R"({"cwd": "/", "user": {"uid": -1}})", "/user/uid", "must be 0 to 4294967295"},
        {R"({"cwd": "/", "user": {"gid": 4294967296}})", "/user/gid", "must be 0 to 4294967295"},
        {R"({"cwd": "/", "user": {"uid": 1.5}})", "/user/uid", "an integer, not a fraction"},
        {R"({"cwd": "/", "user": {"uid": "0"}})", "/user/uid", "an integer, not a string"},
        {R"({"cwd": "/", "user": {"uid": true}})", "/user/uid", "an integer, not a boolean"},
        {R"({"cwd": "/", "oomScoreAdj": 2147483648})", "/oomScoreAdj",
         "must be -2147483648 to 2147483647"},
        {R"({"cwd": "/", "rlimits": [{"type": "RLIMIT_CPU", "hard": 1, "soft": 1e300}]})",
         "/rlimits/0/soft", "an integer, not a fraction"},
    };
    for (const auto& row : kRows) documents::check_mistake(decode_process(row.text), row);
}

TEST_CASE("what is required is missed where it should be") {
    constexpr Mistake kRows[] = {
        {R"({"root": {"path": "r"}})", "/ociVersion", "is required"},
        {R"({"ociVersion": "1.0.0", "root": {}})", "/root/path", "is required"},
        {R"({"ociVersion": "1.0.0"})", "/root", "is required"},
        {R"({"ociVersion": "1.0.0", "mounts": [{}]})", "/mounts/0/destination", "is required"},
        {R"({"ociVersion": "1.0.0", "process": {"args": ["x"]}})", "/process/cwd", "is required"},
        {R"({"ociVersion": "1.0.0", "process": {"cwd": "/", "consoleSize": {"width": 1}}})",
         "/process/consoleSize/height", "is required"},
        {R"({"ociVersion": "1.0.0", "linux": {"namespaces": [{}]}})", "/linux/namespaces/0/type",
         "is required"},
        {R"({"ociVersion": "1.0.0", "linux": {"seccomp": {}}})", "/linux/seccomp/defaultAction",
         "is required"},
        {R"({"ociVersion": "1.0.0", "linux": {"resources": {"devices": [{}]}}})",
         "/linux/resources/devices/0/allow", "is required"},
    };
    for (const auto& row : kRows) documents::check_mistake(decode_config(row.text), row);
}

TEST_CASE("an empty list may be written as null, as Go does") {
    const auto decoded = decode_process(
        R"({"args": ["x"], "cwd": "/", "env": null, "capabilities": null, "oomScoreAdj": null})");
    CHECK(problems_of(decoded) == "");
    REQUIRE(decoded.value);
    CHECK_FALSE(decoded.value->capabilities);
    CHECK_FALSE(decoded.value->oom_score_adj);
}

TEST_CASE("unknown properties are listed and otherwise ignored") {
    const auto decoded = decode_config(
        config({.more = R"(, "x-new": {"a": [1]})", .process = R"(, "commandLine": "x")"}));
    CHECK(decoded.value);
    CHECK(decoded.unknown == std::vector<std::string>{"/process/commandLine", "/x-new"});
}

TEST_CASE("a name in the wrong case is warned of and ignored") {
    const auto decoded = decode_config(config({.linux = R"(, "maskedpaths": ["/x"])"}));
    REQUIRE(decoded.value);
    CHECK(decoded.value->linux.masked_paths.empty());
    REQUIRE(decoded.problems.size() == 1);
    CHECK(decoded.problems[0].severity == Severity::Warning);
    CHECK(decoded.problems[0].pointer == "/linux/maskedpaths");
    CHECK(decoded.problems[0].message.find("\"maskedPaths\"") != std::string::npos);
}

TEST_CASE("all problems come at once and in the order of the document") {
    const auto types = decode_config(R"({"ociVersion": 1, "mounts": 2, "root": {"path": 3}})");
    CHECK(problems_of(types) ==
          "/ociVersion: must be a string, not a number\n/mounts: must be an array, not a number\n"
          "/root/path: must be a string, not a number");
    const auto rules = decode_config(config({.process = R"(, "env": ["A"], "oomScoreAdj": 2000)",
                                             .linux = R"(, "maskedPaths": ["x"])"}));
    REQUIRE(rules.problems.size() == 3);
    CHECK(rules.problems[0].pointer == "/process/env/0");
    CHECK(rules.problems[1].pointer == "/process/oomScoreAdj");
    CHECK(rules.problems[2].pointer == "/linux/maskedPaths/0");
}

TEST_CASE("of very many problems the first are told") {
    std::string list = "1";
    for (int i = 0; i < 100000; ++i) list += ",1";
    const auto decoded = decode_process("{\"cwd\": \"/\", \"args\": [" + list + "]}");
    CHECK(decoded.problems.size() == 33);
    CHECK(decoded.problems.back().message == "this is wrong, too, and maybe more");
    CHECK(to_error(decoded.problems, "p").what.size() < 4000);
}

TEST_CASE("the error of a document is one line with places and pointers") {
    const auto decoded = decode_config(
        "{\"ociVersion\": \"1.0.0\",\n \"root\": {\"path\": \"\"},\n"
        " \"hostname\": \"x\"}");
    const auto error = to_error(decoded.problems, "config.json");
    CHECK(error.kind == ErrorKind::InvalidConfig);
    CHECK(error.pointer == "/root/path");
    CHECK(error.what ==
          "config.json:2:19 /root/path: must not be empty; config.json:3:14 /hostname: needs a uts "
          "namespace in /linux/namespaces");
}

TEST_CASE("a pointer finds its value in the text") {
    const std::string text = "{\"a/b\": [1,\n {\"~\": 2}]}";
    const auto second = locate(text, "/a~1b/1/~0");
    REQUIRE(second);
    CHECK(second->line == 2);
    CHECK(second->column == 8);
    CHECK(locate(text, "")->column == 1);
    CHECK_FALSE(locate(text, "/a~1b/2"));
    CHECK_FALSE(locate(text, "/none"));
    CHECK_FALSE(locate("no json", "/a"));
}

TEST_CASE("a config for another platform is refused as such and for nothing else") {
    for (const char* platform : {"windows", "solaris", "freebsd", "vm", "zos"}) {
        const auto text = concat(R"({"ociVersion": "1.0.0", "hostname": "x", ")", platform,
                                 R"(": {}, "root": {"path": "r"}})");
        documents::check_mistake(decode_config(text),
                                 {platform, concat("/", platform).c_str(), "another platform"});
    }
    CHECK(decode_config(config({.more = R"(, "vm": {}, "windows": {})"})).value);
}

TEST_CASE("resources are a document of their own") {
    const auto good = decode_resources(R"({"memory": {"limit": 1048576}, "pids": {"limit": -1}})");
    REQUIRE(good.value);
    CHECK(good.value->memory->limit == 1048576);
    documents::check_mistake(decode_resources(R"({"cpu": {"period": 5}})"),
                             {"period", "/cpu/period", "must be 1000 to 1000000"});
}

TEST_CASE("a process that was put together is checked under its pointer") {
    Process process;
    process.cwd = "relative";
    process.args = {"x"};
    const auto problems = check_process(process, "/process");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].pointer == "/process/cwd");
}

}  // namespace cleat::spec

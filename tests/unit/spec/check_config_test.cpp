// Unit tests of spec/check_config.cpp.
#include "documents.hpp"

namespace cleat::spec {
namespace {

using documents::config;
using documents::Mistake;
using documents::problems_of;

std::string with_version(std::string_view version) {
    return concat(R"({"ociVersion": ")", version, R"(", "root": {"path": "r"}})");
}

}  // namespace

TEST_CASE("versions 1.x.y are taken, with anything behind them") {
    for (const char* version :
         {"1.0.0", "1.0.2-dev", "1.3.0", "1.99.0", "1.2.0+build", "1.0.0-rc5"})
        CHECK_MESSAGE(problems_of(with_version(version)) == "", version);
}

TEST_CASE("other versions are refused") {
    for (const char* version : {"", "1", "1.0", "v1.0.0", "1.0.x", "1..0", "-1.0.0", "1.0.0.0"})
        documents::check_mistake(decode_config(with_version(version)),
                                 {version, "/ociVersion", "is not a version"});
    for (const char* version : {"0.9.0", "2.0.0", "9.0.0"})
        documents::check_mistake(decode_config(with_version(version)),
                                 {version, "/ociVersion", "is not supported: this is 1.3.0"});
}

TEST_CASE("the root is a directory of its own") {
    for (const char* path : {"/", "//", "/a/..", "/."}) {
        const auto text = concat(R"({"ociVersion": "1.0.0", "root": {"path": ")", path, "\"}}");
        documents::check_mistake(decode_config(text), {path, "/root/path", "root of the host"});
    }
    documents::check_mistake(decode_config(R"({"ociVersion": "1.0.0", "root": {"path": ""}})"),
                             {"", "/root/path", "must not be empty"});
}

TEST_CASE("names of the machine need their namespace and fit in it") {
    const std::string longest(64, 'a');
    CHECK(problems_of(config({.more = concat(R"(, "hostname": ")", longest, "\"")})) == "");
    for (const char* name : {"hostname", "domainname"}) {
        documents::check_mistake(
            decode_config(config({.more = concat(", \"", name, "\": \"", longest, "a\"")})),
            {name, concat("/", name).c_str(), "longer than 64 bytes"});
        documents::check_mistake(
            decode_config(
                concat(R"({"ociVersion": "1.0.0", "root": {"path": "r"}, ")", name, R"(": "x"})")),
            {name, concat("/", name).c_str(), "needs a uts namespace"});
    }
}

TEST_CASE("hooks have an absolute path and a positive timeout") {
    for (const char* kind : {"prestart", "createRuntime", "createContainer", "startContainer",
                             "poststart", "poststop"}) {
        const auto hook = [&](std::string_view text) {
            return decode_config(config(
                {.more = concat(R"(, "hooks": {")", kind, R"(": [{"path": "/a"}, )", text, "]}")}));
        };
        const std::string pointer = concat("/hooks/", kind, "/1");
        CHECK(problems_of(hook(R"({"path": "/b", "timeout": 1})")) == "");
        documents::check_mistake(hook(R"({"path": "b"})"),
                                 {kind, (pointer + "/path").c_str(), "must be absolute"});
        documents::check_mistake(hook(R"({"path": "/b", "timeout": 0})"),
                                 {kind, (pointer + "/timeout").c_str(), "greater than zero"});
    }
}

TEST_CASE("an annotation has a key") {
    documents::check_mistake(decode_config(config({.more = R"(, "annotations": {"": "x"})"})),
                             {"", "/annotations/", "must not be empty"});
}

}  // namespace cleat::spec

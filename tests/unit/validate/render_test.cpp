// Unit tests of validate/render.cpp and json.cpp.
#include <doctest/doctest.h>

#include "cleat/validate/validate.hpp"

namespace cleat::validate {
namespace {

std::vector<Report> reports() {
    Finding finding{.pointer = "/a~1b",
                    .message = "100%\nwrong",
                    .section = "config.md",
                    .hint = "did you mean, \"c\"?",
                    .position = {.line = 2, .column = 9},
                    .character = 5};
    Finding warning{.source = Source::Unknown,
                    .severity = spec::Severity::Warning,
                    .message = "odd",
                    .position = {.line = 3, .column = 1},
                    .character = 1};
    return {{.file = "x:y,z/config.json", .findings = {finding, warning}}};
}

}  // namespace

TEST_CASE("text is a line for each finding and for each hint, whatever they quote") {
    CHECK(render(reports(), Format::Text, {.version = "1"}) ==
          "x:y,z/config.json:2:9: error: /a~1b: 100% wrong [config.md]\n"
          "x:y,z/config.json:2:9: note: did you mean, \"c\"?\n"
          "x:y,z/config.json:3:1: warning: odd\n");
}

TEST_CASE("an annotation escapes what would end it, and counts characters") {
    CHECK(render(reports(), Format::Github, {.version = "1"}) ==
          "::error file=x%3Ay%2Cz/config.json,line=2,col=5,title=/a~1b::100%25%0Awrong%0Adid you "
          "mean, \"c\"?%0Aconfig.md\n"
          "::warning file=x%3Ay%2Cz/config.json,line=3,col=1,title=x%3Ay%2Cz/config.json::odd\n");
}

TEST_CASE("SARIF names files as URIs, and text that is no UTF-8 is replaced") {
    auto list = reports();
    list[0].file = "/a b/\xff.json";
    list[0].findings[0].message = "\xff";
    const auto text = render(list, Format::Sarif, {.version = "1"});
    CHECK(text.find("\"uri\": \"file:///a%20b/%FF.json\"") != std::string::npos);
    CHECK(text.find("\"startColumn\": 5") != std::string::npos);
    CHECK(text.find('\xff') == std::string::npos);
}

TEST_CASE("a summary counts") {
    CHECK(summary(reports()) == "1 document, 1 error, 1 warning\n");
    CHECK(summary({}) == "0 documents, 0 errors, 0 warnings\n");
    CHECK(has_errors(reports()));
    CHECK(!has_errors({}));
}

}  // namespace cleat::validate

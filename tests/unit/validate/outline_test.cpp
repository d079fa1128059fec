// Unit tests of validate/outline.cpp.
#include "outline.hpp"

#include <doctest/doctest.h>

namespace cleat::validate {
namespace {

constexpr std::string_view kSchema = R"json({
"$comment": "a.md", "properties": {
  "one": {"$comment": "a.md#one", "$ref": "#/definitions/list"},
  "two": {"type": "object", "additionalProperties": {"$ref": "#/definitions/inner"}},
  "open": {"type": "object", "properties": {"status": {}}, "additionalProperties": true}},
"definitions": {
  "list": {"type": "array", "items": {"$ref": "#/definitions/inner"}},
  "inner": {"$comment": "b.md", "type": "object", "properties": {
     "word": {"enum": ["", "x", "y"]}, "number": {"type": "integer", "minimum": 0, "maximum": 7}}}}
})json";

std::string unknown(std::string_view text) {
    const auto document = spec::parse_document(text);
    std::string out;
    for (const auto& each : Outline(kSchema).unknown_in(*document.root))
        out += each.pointer + (each.similar.empty() ? "" : "=" + each.similar) + " ";
    return out;
}

}  // namespace

TEST_CASE("a place has the section of what describes it or of what is around it") {
    const Outline outline(kSchema);
    CHECK(outline.section_of("") == "a.md");
    CHECK(outline.section_of("/one") == "a.md#one");
    CHECK(outline.section_of("/one/0") == "b.md");
    CHECK(outline.section_of("/two/any/word") == "b.md");
    CHECK(outline.section_of("/nothing/at/all") == "a.md");
}

TEST_CASE("a place has its words, type and range") {
    const Outline outline(kSchema);
    CHECK(outline.words_at("/one/3/word") == std::vector<std::string_view>{"x", "y"});
    CHECK(outline.words_at("/one").empty());
    CHECK(outline.type_at("/one") == "an array");
    CHECK(outline.type_at("/one/0/word") == "a string");
    CHECK(outline.type_at("/two/a/number") == "an integer");
    CHECK(outline.range_at("/two/a/number") == "0 to 7");
    CHECK(outline.range_at("/two").empty());
}

TEST_CASE("members that no schema names are found at any depth") {
    CHECK(unknown(R"({"one": [{"word": "x"}, {"wrod": 1}], "two": {"any": {"number": 1}}})") ==
          "/one/1/wrod=word ");
    CHECK(unknown(R"({"banana": 1, "tow": {}})") == "/banana /tow=two ");
}

TEST_CASE("an open object has no unknown members, only misspelt ones") {
    CHECK(unknown(R"({"open": {"owner": 1, "stauts": 1}})") == "/open/stauts=status ");
}

TEST_CASE("a member that is there already was not meant by another") {
    CHECK(unknown(R"({"one": [{"word": "x", "wrod": 1}]})") == "/one/0/wrod ");
}

}  // namespace cleat::validate

// Unit tests of spec/document.cpp.
#include "cleat/spec/document.hpp"

#include "documents.hpp"

namespace cleat::spec {
namespace {

using namespace std::string_literals;

struct Refusal {
    std::string text;
    std::uint32_t line;
    std::uint32_t column;
    const char* pointer;
    const char* message;
};

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

TEST_CASE("what is no JSON is refused where it stops being so") {
    const Refusal rows[] = {
        {"", 1, 1, "", "the document is empty"},
        {" \n ", 2, 2, "", "not valid JSON"},
        {"{\"a\": }", 1, 7, "", "not valid JSON"},
        {"{'a': 1}", 1, 2, "", "not valid JSON"},
        {"{\"a\": 1,}", 1, 9, "", "not valid JSON"},
        {"[1 2]", 1, 4, "", "not valid JSON"},
        {"{\"a\": 1}\n\n  x", 3, 3, "", "not valid JSON"},
        {"{} {}", 1, 4, "", "not valid JSON"},
        {"// comment\n{}", 1, 1, "", "not valid JSON"},
        {"NaN", 1, 1, "", "not valid JSON"},
        {"{\"a\": \"\xff\"}", 1, 8, "", "not valid JSON"},
        {"\"\xed\xa0\x80\"", 1, 3, "", "not valid JSON"},
        {"\"open", 1, 6, "", "not valid JSON"},
        {"{\n\0}"s, 2, 1, "", "not valid JSON: a NUL character"},
        {"[\"a\", \"b\\u0000\"]", 1, 7, "/1", "contains a NUL character"},
        {"{\"x\": {\"a\\u0000\": 1}}", 1, 8, "/x", "contains a NUL character"},
        {"{\"a\": {\"b\": 1, \"c\": 2, \"b\": 3}}", 1, 29, "/a/b", "duplicate property \"b\""},
        {"[{\"a/~\": 1, \"a/~\": 1}]", 1, 20, "/0/a~1~0", "duplicate property"},
        {nested(65), 1, 65, "", "nested more than 64 levels deep"},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        const auto document = parse_document(row.text);
        CHECK_FALSE(document.root);
        REQUIRE(document.problem);
        CHECK(document.problem->message.find(row.message) != std::string::npos);
        CHECK(document.problem->pointer == row.pointer);
        REQUIRE(document.problem->position);
        CHECK(document.problem->position->line == row.line);
        CHECK(document.problem->position->column == row.column);
    }
}

TEST_CASE("a document may be 64 levels deep") { CHECK(parse_document(nested(64)).root); }

TEST_CASE("a document may be 4 MiB long and not a byte longer") {
    constexpr std::size_t kSize = std::size_t{4} << 20U;
    std::string text = "{}";
    text.resize(kSize, ' ');
    CHECK(parse_document(text).root);
    text += ' ';
    const auto document = parse_document(text);
    REQUIRE(document.problem);
    CHECK(document.problem->message == "the document is longer than 4194304 bytes");
}

TEST_CASE("a message does not repeat what was read") {
    const auto document = parse_document("{\"a\": \"" + std::string(100000, 'x'));
    REQUIRE(document.problem);
    CHECK(document.problem->message.size() < 200);
    const auto bytes = parse_document("{\"a\" \"\xff\xfe; expected ");
    REQUIRE(bytes.problem);
    CHECK(bytes.problem->message.find('\xff') == std::string::npos);
}

TEST_CASE("every value knows where it stands") {
    const std::string text =
        "{ \"a\":\n [1, -2.0,\t\"x\\\"]\"], \"b\" : {\"c\":true , \"d\" :null}}";
    const auto document = parse_document(text);
    REQUIRE(document.root);
    const auto at = [&](const char* value) { return text.find(value); };
    const Node* list = document.root->find("a");
    REQUIRE(list != nullptr);
    REQUIRE(list->elements.size() == 3);
    CHECK(document.root->offset == 0);
    CHECK(list->offset == at("[1"));
    CHECK(list->elements[0].offset == at("1"));
    CHECK(list->elements[1].offset == at("-2.0"));
    CHECK(list->elements[2].offset == at("\"x"));
    CHECK(list->elements[2].text == "x\"]");
    const Node* inner = document.root->find("b");
    REQUIRE(inner != nullptr);
    CHECK(inner->offset == at("{\"c\""));
    CHECK(inner->find("c")->offset == at("true"));
    CHECK(inner->find("d")->offset == at("null"));
}

TEST_CASE("a glance finds what is at its place and nowhere else") {
    const auto seen = [](std::string_view text) { return glance(text, "o", "m"); };
    CHECK(seen(R"({"o":{"m":"v"}})") == "v");
    CHECK(seen(R"( {"a" : [1, {"m":"x"}], "o" : {"n" : null , "m" : "v, }" } } )") == "v, }");
    CHECK(seen(R"({"x":"o","p":{"m":"x","o":{"m":"x"}},"o":{"k":"m","q":{"m":"x"},"m":"v"}})") ==
          "v");
    CHECK(seen(R"({"o":{"m":""}})") == "");
    for (const char* none :
         {"", "{", "}}", "\"", "[]", R"({"o":{"n":"m"}})", R"({"m":"v"})", R"({"o":{"m":1}})",
          R"({"o":[{"m":"v"}]})", R"({"o":"m","p":{"m":"v"}})", R"([{"o":{"m":"v"}}])",
          R"({"p":{"o":{"m":"v"}}})"})
        CHECK_FALSE(seen(none));
}

TEST_CASE("a glance reads escapes") {
    CHECK(glance(R"({"o":{"m":"a\"b"}})", "o", "m") == "a\"b");
    CHECK(glance(R"({"\u006f":{"\u006d":"v"}})", "o", "m") == "v");
    CHECK(glance(R"({"a":"\"o\":{","o":{"m":"v"}})", "o", "m") == "v");
    CHECK_FALSE(glance(R"({"\u006f":{"n":"m"}})", "o", "m"));
}

TEST_CASE("places that nobody asks for are not known; a problem has its own all the same") {
    const auto quick = parse_document(R"({"a": [1, "x"]})", Positions::Unknown);
    REQUIRE(quick.root);
    const Node* found = quick.root->find("a");
    REQUIRE(found != nullptr);
    CHECK(found->offset == 0);
    CHECK(found->elements.at(1).text == "x");
    for (const auto* text : {"{\n  \"a\": 1, \"a\": 2}", "[\n  1,,]", "{\n \"a\": \"\\u0000\"}"}) {
        const auto bad = parse_document(text, Positions::Unknown);
        REQUIRE(bad.problem);
        REQUIRE(bad.problem->position);
        CHECK(bad.problem->position->line == 2);
        CHECK(bad.problem->position->column > 1);
    }
}

TEST_CASE("numbers are integers when nothing is behind the point") {
    const auto kind = [](const char* text) { return parse_document(text).root.value().kind; };
    CHECK(kind("1") == Node::Kind::Unsigned);
    CHECK(kind("18446744073709551615") == Node::Kind::Unsigned);
    CHECK(kind("-1") == Node::Kind::Integer);
    CHECK(kind("1.0") == Node::Kind::Unsigned);
    CHECK(kind("1e3") == Node::Kind::Unsigned);
    CHECK(kind("-1e3") == Node::Kind::Integer);
    CHECK(kind("1.5") == Node::Kind::Float);
    CHECK(kind("18446744073709551616") == Node::Kind::Float);
    CHECK(kind("1e300") == Node::Kind::Float);
}

TEST_CASE("lines and columns count from one, columns in bytes") {
    const std::string text = "a\n\xc3\xa9z\n";
    CHECK(position_at(text, 0).column == 1);
    CHECK(position_at(text, 4).line == 2);
    CHECK(position_at(text, 4).column == 3);
    CHECK(position_at(text, 5).column == 4);
    CHECK(position_at(text, 6).line == 3);
    CHECK(position_at(text, 6).column == 1);
}

}  // namespace cleat::spec

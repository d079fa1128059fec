// Unit tests of base/protobuf.cpp.
#include "cleat/base/protobuf.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace cleat::protobuf {
namespace {

std::vector<Field> fields_of(std::string_view message, bool& broken) {
    std::vector<Field> fields;
    Reader reader(message);
    while (const auto field = reader.next()) fields.push_back(*field);
    broken = reader.broken();
    return fields;
}

}  // namespace

TEST_CASE("a message is the bytes that the format's own documentation shows") {
    Writer number;
    number.number(1, 150);
    CHECK(std::move(number).take() == "\x08\x96\x01");
    Writer text;
    text.text(2, "testing");
    CHECK(std::move(text).take() == "\x12\x07testing");
    Writer inner;
    inner.number(1, 150);
    Writer outer;
    outer.message(3, inner);
    CHECK(std::move(outer).take() == "\x1a\x03\x08\x96\x01");
    Writer negative;
    negative.number(1, static_cast<std::uint64_t>(std::int64_t{-2}));
    CHECK(std::move(negative).take() == "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

TEST_CASE("what was written is read, fields of fixed size among it") {
    Writer writer;
    writer.number(63, ~std::uint64_t{0});
    writer.text(1, std::string(300, 'x'));
    using namespace std::string_view_literals;
    const std::string message =
        std::move(writer).take() + std::string("\x15\x01\0\0\0\x19\x02\0\0\0\0\0\0\0"sv);
    bool broken = true;
    const auto fields = fields_of(message, broken);
    CHECK_FALSE(broken);
    REQUIRE(fields.size() == 4);
    CHECK(fields[0].number == 63);
    CHECK(fields[0].value == ~std::uint64_t{0});
    CHECK(fields[1].bytes == std::string(300, 'x'));
    CHECK(fields[2].value == 1);
    CHECK(fields[3].value == 2);
}

TEST_CASE("a message that is cut anywhere, or is none, is broken and not read beyond its end") {
    using namespace std::string_view_literals;
    bool broken = false;
    for (const auto message :
         {"\x08"sv, "\x08\x96"sv, "\x12\x07test"sv,
          "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv, "\x15\x01"sv, "\x0b\x01"sv,
          "\x00\x01"sv, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv}) {
        CHECK(fields_of(message, broken).empty());
        CHECK(broken);
    }
    CHECK(fields_of("", broken).empty());
    CHECK_FALSE(broken);
}

}  // namespace cleat::protobuf

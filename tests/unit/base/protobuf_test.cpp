// Unit tests of base/protobuf.cpp.
#include "cleat/base/protobuf.hpp"

#include <doctest/doctest.h>

using namespace cleat::protobuf;

TEST_CASE("numbers and texts are written as the encoding's own examples are") {
    // protobuf.dev/programming-guides/encoding: 150 in field 1, "testing" in field 2
    CHECK(Writer().number(1, 150).take() == "\x08\x96\x01");
    CHECK(Writer().text(2, "testing").take() == "\x12\x07testing");
    CHECK(Writer().message(3, Writer().number(1, 150)).take() == "\x1a\x03\x08\x96\x01");
    CHECK(Writer().packed(6, {3, 270, 86942}).take() == "\x32\x06\x03\x8e\x02\x9e\xa7\x05");
    CHECK(Writer().real(1, 1.0).take() == std::string("\x09\0\0\0\0\0\0\xf0\x3f", 9));
}

TEST_CASE("what is zero or empty is not written, an empty message is") {
    CHECK(Writer().number(1, 0).text(2, "").real(3, 0).packed(4, {}).take().empty());
    CHECK(Writer().message(1, "").take() == std::string("\x0a\0", 2));
    CHECK(Writer().any_number(1, 0).take() == std::string("\x08\0", 2));
}

TEST_CASE("what was written is read") {
    const auto bytes = Writer().number(1, ~std::uint64_t{0}).text(300, "x").real(7, 0.5).take();
    Reader reader(bytes);
    REQUIRE(reader.next());
    CHECK(reader.field() == 1);
    CHECK(reader.number() == ~std::uint64_t{0});
    CHECK(reader.bytes().empty());
    REQUIRE(reader.next());
    CHECK(reader.field() == 300);
    CHECK(reader.text() == "x");
    CHECK(reader.number() == 0);
    REQUIRE(reader.next());
    CHECK(reader.number() == 0x3fe0000000000000);
    CHECK_FALSE(reader.next());
    CHECK_FALSE(reader.damaged());
}

TEST_CASE("a fixed number of 32 bits is read") {
    Reader reader(std::string_view("\x0d\x01\x02\x03\x04", 5));
    REQUIRE(reader.next());
    CHECK(reader.number() == 0x04030201);
}

TEST_CASE("bytes that make no sense end the reading for good") {
    for (const std::string_view bytes : {
             std::string_view("\x08"),         // no value
             std::string_view("\x08\xff"),     // half a varint
             std::string_view("\x12\x05xyz"),  // shorter than it says
             std::string_view("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01z"),
             std::string_view("\x00\x01", 2),   // field 0
             std::string_view("\x0b\x0c"),      // a group
             std::string_view("\x09\x01\x02"),  // half a fixed one
             std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
         }) {
        CAPTURE(bytes.size());
        Reader reader(bytes);
        CHECK_FALSE(reader.next());
        CHECK(reader.damaged());
        CHECK(reader.field() == 0);
        CHECK_FALSE(reader.next());
    }
}

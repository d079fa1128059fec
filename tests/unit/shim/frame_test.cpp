#include "frame.hpp"

#include <doctest/doctest.h>

#include "cleat/base/protobuf.hpp"

using namespace cleat;
using namespace cleat::shim;
using cleat::protobuf::Reader;
using cleat::protobuf::Writer;

TEST_CASE("a frame has its length, stream and type in network order") {
    const auto bytes = frame(0x01020304, FrameType::Response, "abc");
    CHECK(bytes == std::string("\0\0\0\x03\x01\x02\x03\x04\x02\0abc", 13));
    const auto header = read_header(bytes);
    CHECK(header.length == 3);
    CHECK(header.stream == 0x01020304);
    CHECK(header.type == 2);
    CHECK(header.flags == 0);
}

TEST_CASE("a request is read in place, whatever else is in it") {
    const auto bytes = write_request({.service = "s", .method = "m", .payload = "p"}) +
                       Writer().number(4, 5).message(5, "x").take();
    const auto request = read_request(bytes);
    REQUIRE(request);
    CHECK(request->service == "s");
    CHECK(request->method == "m");
    CHECK(request->payload == "p");
    CHECK_FALSE(read_request("\x0a\x05x"));
}

TEST_CASE("an answer comes back, and so does a refusal") {
    CHECK(read_response(write_response("payload")).value() == "payload");
    CHECK(read_response(write_response("")).value().empty());
    const auto refused = read_response(write_response(refuse(Code::NotFound, "gone")));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::NotFound);
    CHECK(refused.error().text == "gone");
    CHECK_FALSE(read_response("\x0a\x05x"));
    CHECK_FALSE(read_response("\x0a\x02\x0a\x05"));
}

TEST_CASE("errors have the code by which containerd knows them") {
    CHECK(shim::status_of({.kind = ErrorKind::NotFound, .what = "x"}, "").code == Code::NotFound);
    CHECK(shim::status_of({.kind = ErrorKind::State, .what = "x"}, "").code ==
          Code::FailedPrecondition);
    CHECK(shim::status_of({.kind = ErrorKind::System, .errno_value = 2, .what = "x"}, "c").text ==
          "c: x: no such file or directory [ENOENT]");
}

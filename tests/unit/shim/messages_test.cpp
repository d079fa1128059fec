#include "messages.hpp"

#include <doctest/doctest.h>

using namespace cleat::shim;

TEST_CASE("a request to create has its mounts and streams") {
    const auto bytes = Writer()
                           .text(1, "id")
                           .text(2, "/bundle")
                           .message(3, Writer()
                                           .text(1, "overlay")
                                           .text(2, "source")
                                           .text(3, "target")
                                           .message(4, "a")
                                           .message(4, "b"))
                           .number(4, 1)
                           .text(5, "in")
                           .text(6, "out")
                           .text(7, "err")
                           .text(8, "checkpoint")
                           .message(10, write_any("type", "value"))
                           .take();
    const auto request = read_task_request(Shape::Create, bytes);
    REQUIRE(request);
    CHECK(request->id == "id");
    CHECK(request->bundle == "/bundle");
    REQUIRE(request->rootfs.size() == 1);
    CHECK(request->rootfs[0].type == "overlay");
    CHECK(request->rootfs[0].source == "source");
    CHECK(request->rootfs[0].target == "target");
    CHECK(request->rootfs[0].options == std::vector<std::string>{"a", "b"});
    CHECK(request->streams.terminal);
    CHECK(request->streams.in == "in");
    CHECK(request->streams.out == "out");
    CHECK(request->streams.err == "err");
    CHECK(request->checkpoint == "checkpoint");
    CHECK(request->body.type == "type");
    CHECK(request->body.value == "value");
}

TEST_CASE("each shape has its own meaning of the same numbers") {
    const auto bytes = Writer().text(1, "i").text(2, "e").number(3, 9).number(4, 1).take();
    const auto kill = read_task_request(Shape::Kill, bytes);
    CHECK(kill->signal == 9);
    CHECK(kill->all);
    const auto resize = read_task_request(Shape::Resize, bytes);
    CHECK(resize->width == 9);
    CHECK(resize->height == 1);
    const auto exec = read_task_request(Shape::Exec, bytes);
    CHECK(exec->exec_id == "e");
    CHECK(exec->streams.terminal);
    const auto plain = read_task_request(Shape::Plain, bytes);
    CHECK(plain->exec_id == "e");
    CHECK_FALSE(plain->all);
    CHECK_FALSE(read_task_request(Shape::Plain, "\x0a\x09i"));
}

TEST_CASE("the time of an end that has not come is left out") {
    const Streams streams;
    CHECK(encode(StateAnswer{.id = "i",
                             .bundle = "",
                             .exec_id = "",
                             .pid = 5,
                             .status = TaskStatus::Running,
                             .streams = streams,
                             .exit = {}}) == "\x0a\x01i\x18\x05\x20\x02");
    CHECK(encode_wait({.status = 137, .at = {.seconds = 1, .nanoseconds = 2}}) ==
          "\x08\x89\x01\x12\x04\x08\x01\x10\x02");
}

TEST_CASE("an event is forwarded in an envelope with its type's bare name") {
    const std::string container = "c";
    const auto event = moment_event(Moment::Oom, container);
    CHECK(event.topic == "/tasks/oom");
    const auto bytes = forward_request(event, "space");
    CHECK(bytes.find("\x12\x05space\x1a\x0a/tasks/oom") != std::string::npos);
    CHECK(bytes.find("containerd.events.TaskOOM\x12\x03\x0a\x01"
                     "c") != std::string::npos);
}

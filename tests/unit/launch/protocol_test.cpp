// The wire format, over a real socket pair.
#include "../../../src/launch/protocol.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "cleat/sys/message.hpp"

namespace launch = cleat::launch;

TEST_CASE("a failure arrives with its text, errno and place") {
    const auto pair = cleat::sys::seqpacket_pair();
    REQUIRE(pair);
    launch::send_failure(pair->first.get(), {.kind = cleat::ErrorKind::System,
                                             .errno_value = ENODEV,
                                             .what = "mount /x",
                                             .pointer = "/mounts/7"});
    const auto incoming = launch::receive(pair->second.get());
    REQUIRE(incoming);
    CHECK(incoming->message.kind == launch::MessageKind::Failed);
    const auto error = launch::to_error(incoming->message);
    CHECK(error.what == "mount /x");
    CHECK(error.errno_value == ENODEV);
    CHECK(error.pointer == "/mounts/7");
}

TEST_CASE("a text that is too long is cut, not lost") {
    const auto pair = cleat::sys::seqpacket_pair();
    REQUIRE(pair);
    launch::send_failure(pair->first.get(), {.what = std::string(5000, 'x')});
    const auto incoming = launch::receive(pair->second.get());
    REQUIRE(incoming);
    CHECK(launch::to_error(incoming->message).what == std::string(1023, 'x'));
}

TEST_CASE("a gate and a descriptor come through, and the end is told") {
    auto pair = cleat::sys::seqpacket_pair();
    REQUIRE(pair);
    REQUIRE(launch::send_gate(pair->first.get(), cleat::plan::Gate::MountsMade));
    REQUIRE(launch::send_with_fd(pair->first.get(), {.kind = launch::MessageKind::Console},
                                 STDIN_FILENO));
    pair->first.reset();
    const auto gate = launch::receive(pair->second.get());
    REQUIRE(gate);
    CHECK(gate->message.gate == cleat::plan::Gate::MountsMade);
    const auto console = launch::receive(pair->second.get());
    REQUIRE(console);
    CHECK(console->fds.size() == 1);
    const auto end = launch::receive(pair->second.get());
    REQUIRE(end);
    CHECK(end->end);
}

TEST_CASE("a message of another size is refused") {
    const auto pair = cleat::sys::seqpacket_pair();
    REQUIRE(pair);
    REQUIRE(::write(pair->first.get(), "x", 1) == 1);
    CHECK_FALSE(launch::receive(pair->second.get()));
}

TEST_CASE("a message of no kind is refused") {
    const auto pair = cleat::sys::seqpacket_pair();
    REQUIRE(pair);
    launch::Message strange{.kind = static_cast<launch::MessageKind>(99)};
    REQUIRE(::write(pair->first.get(), &strange, sizeof strange) == sizeof strange);
    CHECK_FALSE(launch::receive(pair->second.get()));
    strange = {.kind = launch::MessageKind::Failed,
               .error_kind = static_cast<cleat::ErrorKind>(99)};
    REQUIRE(::write(pair->first.get(), &strange, sizeof strange) == sizeof strange);
    CHECK_FALSE(launch::receive(pair->second.get()));
}

TEST_CASE("texts end in their fields, whatever was sent") {
    const auto pair = cleat::sys::seqpacket_pair();
    REQUIRE(pair);
    launch::Message endless{.kind = launch::MessageKind::Failed};
    std::memset(endless.what, 'w', sizeof endless.what);
    std::memset(endless.pointer, 'p', sizeof endless.pointer);
    REQUIRE(::write(pair->first.get(), &endless, sizeof endless) == sizeof endless);
    const auto incoming = launch::receive(pair->second.get());
    REQUIRE(incoming);
    const auto error = launch::to_error(incoming->message);
    CHECK(error.what == std::string(1023, 'w'));
    CHECK(error.pointer == std::string(255, 'p'));
}

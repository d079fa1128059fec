// Unit tests of sys/message.cpp.
#include "cleat/sys/message.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "cleat/sys/files.hpp"
#include "scratch.hpp"

namespace cleat::sys {
namespace {

std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

using Buffer = std::array<std::byte, 16>;

}  // namespace

TEST_CASE("a message arrives whole, with its descriptors closed on exec") {
    const auto pair = seqpacket_pair();
    REQUIRE(pair);
    const auto null = open_at(kHere, "/dev/null", O_RDONLY);
    const int fds[] = {null->get(), null->get()};
    REQUIRE(send_message(pair->first.get(), bytes("hello"), fds));
    Buffer buffer{};
    const auto received = receive_message(pair->second.get(), buffer);
    REQUIRE(received);
    CHECK(received->size == 5);
    CHECK(std::memcmp(buffer.data(), "hello", 5) == 0);
    REQUIRE(received->fds.size() == 2);
    CHECK((::fcntl(received->fds[1].get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a message that does not fit is an error, its descriptors are closed") {
    const auto pair = seqpacket_pair();
    REQUIRE(pair);
    const auto null = open_at(kHere, "/dev/null", O_RDONLY);
    const int next = ::dup(null->get());
    ::close(next);
    const int fd = null->get();
    REQUIRE(send_message(pair->first.get(), bytes("more than sixteen bytes"), std::span(&fd, 1)));
    Buffer buffer{};
    const auto received = receive_message(pair->second.get(), buffer);
    REQUIRE_FALSE(received);
    CHECK(received.error().errno_value == EMSGSIZE);
    CHECK(::fcntl(next, F_GETFD) < 0);
}

TEST_CASE("more descriptors than a message may have are not sent") {
    const auto pair = seqpacket_pair();
    REQUIRE(pair);
    const std::array<int, 9> many{};
    CHECK_FALSE(send_message(pair->first.get(), bytes("x"), many));
}

TEST_CASE("the other end's death is an end of file to read and an error to write") {
    auto pair = seqpacket_pair();
    REQUIRE(pair);
    pair->first.reset();
    Buffer buffer{};
    const auto received = receive_message(pair->second.get(), buffer);
    REQUIRE(received);
    CHECK(received->size == 0);
    const auto sent = send_message(pair->second.get(), bytes("x"));
    REQUIRE_FALSE(sent);
    CHECK(sent.error().errno_value == EPIPE);
}

TEST_CASE("waiting has a limit where one is given") {
    const auto pair = seqpacket_pair();
    REQUIRE(pair);
    Buffer buffer{};
    const auto received =
        receive_message(pair->second.get(), buffer, std::chrono::milliseconds(10));
    REQUIRE_FALSE(received);
    CHECK(received.error().errno_value == ETIMEDOUT);
}

TEST_CASE("a socket may lie deeper than its address is long") {
    const Scratch scratch;
    const std::string deep = scratch.at(std::string(100, 'a') + "/" + std::string(100, 'b'));
    REQUIRE(make_directories(deep, 0700));
    const auto directory = open_at(kHere, deep.c_str(), O_PATH | O_DIRECTORY);
    REQUIRE(directory);
    const auto listener = listen_at(directory->get(), "s");
    REQUIRE(listener);
    CHECK(connect_at(directory->get(), "s"));
    CHECK_FALSE(connect_at(directory->get(), "none"));
}

}  // namespace cleat::sys

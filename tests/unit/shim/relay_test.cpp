#include "relay.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>

using namespace cleat;
using namespace cleat::shim;
using std::chrono::milliseconds;

namespace {

struct Pipe {
    Pipe() {
        int ends[2] = {-1, -1};
        REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
        read = sys::Fd(ends[0]);
        write = sys::Fd(ends[1]);
    }
    sys::Fd read;
    sys::Fd write;
};

std::size_t fill(int fd) {
    std::size_t total = 0;
    const std::string block(4096, 'x');
    for (ssize_t put; (put = ::write(fd, block.data(), block.size())) > 0;)
        total += static_cast<std::size_t>(put);
    return total;
}

std::size_t empty(int fd) {
    std::size_t total = 0;
    std::string block(65536, '\0');
    for (ssize_t got; (got = ::read(fd, block.data(), block.size())) > 0;)
        total += static_cast<std::size_t>(got);
    return total;
}

}  // namespace

TEST_CASE("bytes wait in the kernel for a reader, and none is lost") {
    for (const auto way : {Relay::Way::Splice, Relay::Way::Copy}) {
        CAPTURE(static_cast<int>(way));
        auto loop = Loop::make();
        REQUIRE(loop);
        Pipe source;
        Pipe target;
        std::size_t put = fill(source.write.get());
        std::size_t got = 0;
        Relay relay(*loop,
                    {.from = std::move(source.read), .to = std::move(target.write), .way = way},
                    [&] { loop->stop(); });
        // The relay has moved a pipe's worth by then, and there is room for as much again.
        loop->after(milliseconds{20}, [&] { put += fill(source.write.get()); });
        loop->after(milliseconds{40}, [&] {
            CHECK(put > 65536);
            CHECK(relay.open());
            source.write.reset();
            got += empty(target.read.get());
        });
        loop->after(milliseconds{60}, [&] { got += empty(target.read.get()); });
        REQUIRE(loop->run());
        got += empty(target.read.get());
        CHECK(got == put);
        CHECK_FALSE(relay.open());
    }
}

TEST_CASE("a reader that is gone ends a relay into a pipe") {
    auto loop = Loop::make();
    REQUIRE(loop);
    Pipe source;
    Pipe target;
    target.read.reset();
    ::sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    REQUIRE(::sigprocmask(SIG_BLOCK, &pipe, nullptr) == 0);
    Relay relay(*loop, {.from = std::move(source.read), .to = std::move(target.write)},
                [&] { loop->stop(); });
    REQUIRE(::write(source.write.get(), "x", 1) == 1);
    REQUIRE(loop->run());
    CHECK_FALSE(relay.open());
}

TEST_CASE("a relay that is dropped at its end calls nobody") {
    auto loop = Loop::make();
    REQUIRE(loop);
    bool called = false;
    Pipe source;
    Pipe target;
    auto relay = std::make_unique<Relay>(
        *loop, Relay::Ends{.from = std::move(source.read), .to = std::move(target.write)},
        [&] { called = true; });
    source.write.reset();
    loop->later([&] { relay.reset(); });  // before the call that the end has asked for
    loop->after(milliseconds{5}, [&] { loop->stop(); });
    REQUIRE(loop->run());
    CHECK_FALSE(called);
}

#include "loop.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>

using namespace cleat;
using namespace cleat::shim;
using std::chrono::milliseconds;

TEST_CASE("appointments are kept in their order and can be cancelled") {
    auto loop = Loop::make();
    REQUIRE(loop);
    std::string seen;
    loop->after(milliseconds{300}, [&] {
        seen += 'c';
        loop->stop();
    });
    loop->after(milliseconds{250}, [&] { seen += 'b'; });
    const auto ticket = loop->after(milliseconds{200}, [&] { seen += 'x'; });
    loop->later([&] {
        seen += 'a';
        loop->cancel(ticket);
    });
    REQUIRE(loop->run());
    CHECK(seen == "abc");
}

TEST_CASE("a watcher may be gone before its event is looked at") {
    struct Once : Watcher {
        Once(Loop& its_loop, int its_fd) : loop(its_loop), fd(its_fd) {}
        void ready() override {
            ++calls;
            if (other != nullptr) loop.remove(other->fd);
            loop.remove(fd);
            loop.later([this] { loop.stop(); });
        }
        Loop& loop;
        int fd;
        Once* other = nullptr;
        int calls = 0;
    };
    auto loop = Loop::make();
    REQUIRE(loop);
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    const sys::Fd read(ends[0]);
    const sys::Fd write(ends[1]);
    const sys::Fd copy(::fcntl(read.get(), F_DUPFD_CLOEXEC, 0));
    Once one(*loop, read.get());
    Once two(*loop, copy.get());
    one.other = &two;
    two.other = &one;
    REQUIRE(loop->add(read.get(), Wanted::Input, one));
    REQUIRE(loop->add(copy.get(), Wanted::Input, two));
    REQUIRE(::write(write.get(), "x", 1) == 1);
    REQUIRE(loop->run());
    CHECK(one.calls + two.calls == 1);
}

TEST_CASE("what is always ready cannot be watched") {
    auto loop = Loop::make();
    REQUIRE(loop);
    struct None : Watcher {
        void ready() override {}
    } none;
    const sys::Fd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    const auto added = loop->add(file.get(), Wanted::Input, none);
    REQUIRE_FALSE(added);
    CHECK(added.error().errno_value == EPERM);
}

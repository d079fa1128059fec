// Unit tests of sys/fd.cpp.
#include "cleat/sys/fd.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace cleat::sys {
namespace {

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

}  // namespace

TEST_CASE("a descriptor is closed with its owner") {
    const int fd = open_null();
    {
        const Fd owner(fd);
        CHECK(is_open(fd));
    }
    CHECK_FALSE(is_open(fd));
}

TEST_CASE("assignment closes the old descriptor and takes the new one") {
    const int old_fd = open_null();
    const int new_fd = open_null();
    Fd owner(old_fd);
    Fd source(new_fd);
    owner = std::move(source);
    CHECK_FALSE(is_open(old_fd));
    CHECK(is_open(new_fd));
    CHECK(owner.get() == new_fd);
    CHECK_FALSE(source);  // NOLINT(bugprone-use-after-move): that is what is tested
}

TEST_CASE("assignment to itself keeps the descriptor") {
    Fd owner(open_null());
    Fd& same = owner;
    owner = std::move(same);
    CHECK(owner);
    CHECK(is_open(owner.get()));
}

TEST_CASE("a descriptor that is given away stays open") {
    Fd owner(open_null());
    const int fd = owner.release();
    CHECK_FALSE(owner);
    CHECK(is_open(fd));
    ::close(fd);
}

TEST_CASE("closing does not change errno") {
    Fd owner(open_null());
    ::close(owner.get());
    errno = ENODEV;
    owner.reset();
    CHECK(errno == ENODEV);
}

TEST_CASE("many are closed together, and nothing between them") {
    std::vector<Fd> fds;
    for (int i = 0; i < 3; ++i) fds.emplace_back(::dup(0));
    const Fd kept(::dup(0));
    for (int i = 0; i < 2; ++i) fds.emplace_back(::dup(0));
    fds.emplace_back();
    std::vector<int> numbers;
    for (const auto& fd : fds) numbers.push_back(fd.get());
    close_all(fds);
    CHECK(fds.empty());
    for (const int number : numbers) CHECK(::fcntl(number, F_GETFD) < 0);
    CHECK(::fcntl(kept.get(), F_GETFD) >= 0);
}

}  // namespace cleat::sys

#include "spawn.hpp"

#include <doctest/doctest.h>

using namespace cleat;
using namespace cleat::conformance;

namespace {

constexpr std::chrono::seconds kLimit{10};

pid_t shell(Children& children, const std::string& script) {
    const auto pid = children.start({.words = {"/bin/sh", "-c", script}});
    REQUIRE(pid);
    return *pid;
}

}  // namespace

TEST_CASE("the status of a child is kept until it is asked for") {
    Children children;
    const pid_t first = shell(children, "exit 3");
    const pid_t second = shell(children, "kill -9 $$");
    CHECK(children.wait(second, kLimit) == 128 + 9);
    CHECK(children.wait(first, kLimit) == 3);
    CHECK(children.status_of(first) == 3);
}

TEST_CASE("a child that runs has no status, whatever had its pid before") {
    Children children;
    const pid_t old = shell(children, "exit 3");
    REQUIRE(children.wait(old, kLimit) == 3);
    // For who may write it, the kernel takes pids from there on.
    const std::string before = std::to_string(old - 1);
    for (int attempt = 0; attempt < 20; ++attempt) {
        const pid_t writer = shell(
            children, "echo " + before + " 2>/dev/null >/proc/sys/kernel/ns_last_pid; exit 4");
        REQUIRE(children.wait(writer, kLimit) == 4);
        const pid_t next = shell(children, "exec sleep 100");
        const auto status = children.status_of(next);
        children.kill(next);
        CHECK_FALSE(status.has_value());
        if (next == old) return;
    }
    MESSAGE("skipped: no child got the pid of an older one");
}

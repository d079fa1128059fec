// Unit tests of lifecycle/config.cpp and channels.cpp.
#include "config.hpp"

#include <doctest/doctest.h>

#include <cerrno>

#include "channels.hpp"

using namespace cleat;
using namespace cleat::lifecycle;

TEST_CASE("an error gets its place in the document, after its description, once") {
    const std::string text = "{\n  \"mounts\": [ {} ]\n}";
    Error error{.kind = ErrorKind::System,
                .errno_value = ENODEV,
                .what = "mount x",
                .pointer = "/mounts/0"};
    const auto placed = located(error, text, "config.json");
    CHECK(describe(placed) == "mount x: no such device [ENODEV] (config.json:2:15 /mounts/0)");
    CHECK(placed.pointer == "/mounts/0");
    CHECK(placed.kind == ErrorKind::System);
}

TEST_CASE("an error without a pointer stays as it is") {
    const auto error = located(Error{.kind = ErrorKind::State, .what = "x"}, "{}", "config.json");
    CHECK(describe(error) == "x");
}

TEST_CASE("a pointer to nothing names the document only") {
    const auto error = located(Error{.kind = ErrorKind::State, .what = "x", .pointer = "/absent"},
                               "{}", "config.json");
    CHECK(describe(error) == "x (config.json /absent)");
}

TEST_CASE("a console socket goes with a detached terminal and with nothing else") {
    CHECK(check_terminal(true, "/s", Company::Detached));
    CHECK(check_terminal(true, "", Company::Attached));
    CHECK(check_terminal(false, "", Company::Attached));
    CHECK(check_terminal(false, "", Company::Detached));
    CHECK_FALSE(check_terminal(true, "", Company::Detached));
    CHECK_FALSE(check_terminal(true, "/s", Company::Attached));
    CHECK_FALSE(check_terminal(false, "/s", Company::Attached));
    CHECK_FALSE(check_terminal(false, "/s", Company::Detached));
}

TEST_CASE("sockets of a service manager are announced to pid 1") {
    std::vector<std::string> env;
    add_listen_fds(env, 0);
    CHECK(env.empty());
    add_listen_fds(env, 2);
    CHECK(env == std::vector<std::string>{"LISTEN_FDS=2", "LISTEN_PID=1"});
}

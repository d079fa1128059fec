// Unit tests of lifecycle/member.cpp.
#include "member.hpp"

#include <doctest/doctest.h>

using namespace cleat;
using namespace cleat::lifecycle;
using Words = std::vector<std::string>;

namespace {

ExecOptions options() { return {.id = *ContainerId::parse("a"), .args = {"ls"}}; }

spec::Process base() {
    spec::Process process;
    process.terminal = true;
    process.args = {"sh"};
    process.env = {"PATH=/bin", "A=1"};
    process.cwd = "/";
    process.user.uid = Uid{5};
    process.user.gid = Gid{6};
    return process;
}

cgroup::Directories own_cgroups() {
    return {{.controllers = {"cpu", "cpuacct"}, .mountpoint = "/c", .path = "/x", .unified = false},
            {.controllers = {"memory"}, .mountpoint = "/m", .path = "/x", .unified = false}};
}

}  // namespace

TEST_CASE("without options the container's process gets new arguments and no terminal") {
    const auto process = changed_process(base(), options());
    REQUIRE(process);
    CHECK(process->args == Words{"ls"});
    CHECK_FALSE(process->terminal);
    CHECK(process->env == base().env);
    CHECK(process->user.uid == Uid{5});
    CHECK(process->user.gid == Gid{6});
    CHECK_FALSE(process->capabilities);
}

TEST_CASE("a user without a group keeps the group") {
    auto how = options();
    how.user = "7";
    CHECK(changed_process(base(), how)->user.gid == Gid{6});
    how.user = "7:8";
    CHECK(changed_process(base(), how)->user.gid == Gid{8});
    how.user = "nobody";
    CHECK_FALSE(changed_process(base(), how));
}

TEST_CASE("an environment variable is set in its place") {
    Words env = {"A=1", "AB=2", "A=2"};
    set_env(env, "A=3");
    set_env(env, "B=4");
    CHECK(env == Words{"A=3", "AB=2", "B=4"});
}

TEST_CASE("a terminal brings TERM unless it is set") {
    auto how = options();
    how.terminal = true;
    CHECK(changed_process(base(), how)->env.back() == "TERM=xterm");
    how.env = {"TERM=vt100"};
    CHECK(changed_process(base(), how)->env.back() == "TERM=vt100");
}

TEST_CASE("added capabilities are never inheritable") {
    auto how = options();
    how.capabilities = {"net_raw", "CAP_KILL", "cap_kill"};
    const auto process = changed_process(base(), how);
    REQUIRE(process);
    REQUIRE(process->capabilities);
    const Words added = {"CAP_NET_RAW", "CAP_KILL"};
    CHECK(process->capabilities->bounding == added);
    CHECK(process->capabilities->permitted == added);
    CHECK(process->capabilities->effective == added);
    CHECK(process->capabilities->inheritable.empty());
    CHECK(process->capabilities->ambient.empty());
}

TEST_CASE("no command is an error") {
    auto how = options();
    how.args.clear();
    CHECK_FALSE(changed_process(base(), how));
}

TEST_CASE("a cgroup choice goes below the container's own and never above") {
    CHECK((*chosen_cgroups(own_cgroups(), {}))[0].path == "/x");
    CHECK((*chosen_cgroups(own_cgroups(), {"a"}))[1].path == "/x/a");
    CHECK((*chosen_cgroups(own_cgroups(), {"/"}))[0].path == "/x");
    CHECK((*chosen_cgroups(own_cgroups(), {"a/.."}))[0].path == "/x");
    CHECK((*chosen_cgroups(own_cgroups(), {"/../b"}))[0].path == "/x/b");
    for (const char* above : {"..", "../../b", "a/../../x", "memory:..", "./.."})
        CHECK_FALSE(chosen_cgroups(own_cgroups(), {above}));
    const auto one = chosen_cgroups(own_cgroups(), {"memory:a/../b"});
    REQUIRE(one);
    CHECK((*one)[0].path == "/x");
    CHECK((*one)[1].path == "/x/b");
    CHECK_FALSE(chosen_cgroups(own_cgroups(), {"pids:a"}));
}

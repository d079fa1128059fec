#include "options.hpp"

#include <doctest/doctest.h>

using namespace cleat::shim;

TEST_CASE("runc's options are read") {
    const auto value = Writer()
                           .number(1, 1)
                           .number(2, 1)
                           .text(3, "shim")
                           .number(4, 7)
                           .number(5, 8)
                           .text(6, "runc")
                           .text(7, "/root")
                           .number(9, 1)
                           .take();
    const auto options = read_options({.type = "containerd.runc.v1.Options", .value = value});
    REQUIRE(options);
    CHECK(options->no_pivot_root);
    CHECK(options->no_new_keyring);
    CHECK(options->shim_cgroup == "shim");
    CHECK(options->io_uid == 7);
    CHECK(options->io_gid == 8);
    CHECK(options->binary_name == "runc");
    CHECK(options->root == "/root");
    CHECK(options->systemd_cgroup);
}

TEST_CASE("the CRI's table is read") {
    const auto value = Writer()
                           .text(2, "/etc/more.toml")
                           .text(3,
                                 "# table\n[options]\n  SystemdCgroup = true\n\tRoot = \"/r\"\r\n"
                                 "IoUid = 5\nOther = [1]\nShimCgroup = 'c'\nNoPivotRoot=true\n")
                           .take();
    const auto options = read_options({.type = "runtimeoptions.v1.Options", .value = value});
    REQUIRE(options);
    CHECK(options->systemd_cgroup);
    CHECK(options->root == "/r");
    CHECK(options->io_uid == 5);
    CHECK(options->shim_cgroup == "c");
    CHECK(options->no_pivot_root);
    CHECK(options->config_path == "/etc/more.toml");
}

TEST_CASE("no options are the defaults, other ones are refused") {
    CHECK(read_options({}));
    CHECK_FALSE(read_options({.type = "x.Options", .value = ""}));
    CHECK_FALSE(read_options(
        {.type = "runtimeoptions.v1.Options", .value = Writer().text(3, "nonsense").take()}));
}

TEST_CASE("the options of a checkpoint are read, and without them the container runs on") {
    const auto value = Writer()
                           .number(1, 1)
                           .number(2, 1)
                           .number(3, 1)
                           .number(4, 1)
                           .number(5, 1)
                           .text(6, "network")
                           .text(7, "strict")
                           .text(9, "/work")
                           .take();
    const auto options =
        read_checkpoint_options({.type = "containerd.runc.v1.CheckpointOptions", .value = value});
    REQUIRE(options);
    CHECK_FALSE(options->leave_running);
    CHECK(options->criu.tcp_established);
    CHECK(options->criu.ext_unix_sk);
    CHECK(options->criu.shell_job);
    CHECK(options->criu.file_locks);
    CHECK(options->criu.empty_ns == "network");
    CHECK(options->criu.manage_cgroups_mode == "strict");
    CHECK(options->criu.work_path == "/work");

    const auto none = read_checkpoint_options({});
    REQUIRE(none);
    CHECK(none->leave_running);
    CHECK(none->criu.manage_cgroups_mode == "soft");
    CHECK_FALSE(read_checkpoint_options({.type = "x.Options", .value = ""}));
}

// Unit tests of lifecycle/criu_mounts.cpp.
#include "../../../src/lifecycle/criu_mounts.hpp"

#include <doctest/doctest.h>

namespace cleat::lifecycle {

TEST_CASE("mounts of the host's are named, and what another mount of the container shows is not") {
    plan::Plan plan;
    plan.init.push_back({.action = plan::BindMount{.source = "/srv", .destination = "/data"}});
    plan.init.push_back({.action = plan::MaskPath{.path = "/proc/kcore"}});
    plan.init.push_back({.action = plan::MaskPath{.path = "/proc/keys"}});
    constexpr std::string_view kMounts =
        "30 20 8:1 /var/rootfs / rw - ext4 /dev/sda1 rw\n"
        "31 30 0:40 / /proc rw - proc proc rw\n"
        "32 30 0:41 / /dev rw - tmpfs tmpfs rw\n"
        "33 30 8:1 /srv /data rw - ext4 /dev/sda1 rw\n"
        "34 31 0:41 /null /proc/kcore rw - tmpfs tmpfs rw\n"
        "35 31 0:6 /null /proc/keys rw - devtmpfs udev rw\n"
        "36 31 0:40 /sys /proc/sys ro - proc proc rw\n"
        "37 30 8:1 /var/my\\040file /etc/my\\040file rw - ext4 /dev/sda1 rw\n"
        "38 30 8:1 /var/rootfs/a /b rw - ext4 /dev/sda1 rw\n";
    CHECK(external_mounts(kMounts, plan) == NamedMounts{{"/data", "/data"},
                                                        {"/proc/keys", "/dev/null"},
                                                        {"/etc/my file", "/etc/my file"}});
}

TEST_CASE("what the host has for a name is what the configuration says now") {
    plan::Plan plan;
    plan.init.push_back({.action = plan::BindMount{.source = "/new", .destination = "/data/"}});
    plan::MountCgroups cgroups{.destination = "/sys/fs/cgroup"};
    cgroups.views.push_back({.name = "memory", .host_path = "/sys/fs/cgroup/memory/web1"});
    plan.init.push_back({.action = cgroups});
    CHECK(mount_sources(plan) ==
          NamedMounts{{"/dev/null", "/dev/null"},
                      {"/data", "/new"},
                      {"/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory/web1"}});
}

}  // namespace cleat::lifecycle

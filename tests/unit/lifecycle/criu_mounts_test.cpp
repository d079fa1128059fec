// Unit tests of lifecycle/criu_mounts.cpp.
#include "../../../src/lifecycle/criu_mounts.hpp"

#include <doctest/doctest.h>

#include "../../../src/lifecycle/criu_messages.hpp"

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

TEST_CASE(
    "a name that an image chose stays one text, whatever it means elsewhere (CVE-2026-119101)") {
    plan::Plan plan;
    plan.init.push_back({.action = plan::BindMount{.source = "/srv", .destination = "/data"}});
    constexpr std::string_view kMounts =
        "30 20 8:1 /var/rootfs / rw - ext4 /dev/sda1 rw\n"
        "33 30 8:2 /srv /x]:/etc rw - ext4 /dev/sdb1 rw\n";
    const auto found = external_mounts(kMounts, plan);
    CHECK(found == NamedMounts{{"/x]:/etc", "/x]:/etc"}});
    CriuOpts options;
    options.pair(CriuField::ExtMnt, found[0].first, found[0].second);
    const auto request = std::move(options).request(CriuRequest::Dump);
    protobuf::Reader reader(request);
    REQUIRE((reader.next() && reader.next()));
    protobuf::Reader opts(reader.bytes());
    REQUIRE(opts.next());
    CHECK(opts.field() == static_cast<std::uint32_t>(CriuField::ExtMnt));
    protobuf::Reader pair(opts.bytes());
    REQUIRE(pair.next());
    CHECK(pair.bytes() == "/x]:/etc");
    CHECK(!opts.next());
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

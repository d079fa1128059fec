// Room: host. Hierarchies from the texts of machines of every kind.
#include <doctest/doctest.h>

#include <algorithm>

#include "cleat/host/probe.hpp"
#include "parse.hpp"

using namespace cleat;
using plan::CgroupHierarchy;
using plan::CgroupMode;

namespace {

/// The hierarchy with that controller, or an empty one.
const CgroupHierarchy& find(const std::vector<CgroupHierarchy>& all, std::string_view name) {
    static const CgroupHierarchy none;
    const auto found = std::ranges::find_if(all, [&](const CgroupHierarchy& one) {
        return std::ranges::find(one.controllers, name) != one.controllers.end();
    });
    return found == all.end() ? none : *found;
}

constexpr std::string_view kSeparateV1 =
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    "23 27 0:22 / /sys rw,relatime - sysfs sysfs rw\n"
    "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n"
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
    "33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
constexpr std::string_view kSeparateV1Self =
    "9:name=systemd:/\n4:memory:/a/b\n2:cpuacct:/\n1:cpu:/\n0::/\n";

constexpr std::string_view kUnified =
    "25 30 0:23 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw\n"
    "30 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
    "35 25 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
    "rw,nsdelegate,memory_recursiveprot\n";

constexpr std::string_view kSystemdHybrid =
    "25 30 0:23 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
    "30 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
    "34 25 0:29 / /sys/fs/cgroup ro,nosuid shared:8 - tmpfs tmpfs ro,size=4096k\n"
    "35 34 0:30 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
    "36 34 0:31 / /sys/fs/cgroup/systemd rw,nosuid shared:10 - cgroup cgroup "
    "rw,xattr,name=systemd\n"
    "40 34 0:35 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:15 - cgroup cgroup rw,cpu,cpuacct\n"
    "41 34 0:36 / /sys/fs/cgroup/net_cls,net_prio rw shared:16 - cgroup cgroup "
    "rw,net_cls,net_prio\n";
constexpr std::string_view kSystemdHybridSelf =
    "8:net_cls,net_prio:/\n3:cpu,cpuacct:/user.slice\n1:name=systemd:/user.slice/s-1.scope\n"
    "0::/user.slice/s-1.scope\n";

}  // namespace

TEST_CASE("a machine with one v1 mount per controller and cgroup2 beside them is hybrid") {
    const auto all = host::parse_hierarchies(kSeparateV1, kSeparateV1Self);
    REQUIRE(all.size() == 5);
    CHECK(host::mode_of(all) == CgroupMode::Hybrid);
    CHECK(find(all, "memory").mountpoint == "/sys/fs/cgroup/memory");
    CHECK(find(all, "memory").own_path == "/a/b");
    CHECK(find(all, "memory").mount_root == "/");
    CHECK(find(all, "cpu").mountpoint == "/sys/fs/cgroup/cpu");
    CHECK(find(all, "cpuacct").mountpoint == "/sys/fs/cgroup/cpuacct");
    CHECK(find(all, "name=systemd").mountpoint == "/sys/fs/cgroup/systemd");
    CHECK(all.back() == CgroupHierarchy{.controllers = {},
                                        .mountpoint = "/sys/fs/cgroup/unified",
                                        .mount_root = "/",
                                        .own_path = "/",
                                        .unified = true});
}

TEST_CASE("cgroup2 alone is unified, wherever it is") {
    const auto all = host::parse_hierarchies(kUnified, "0::/system.slice/sshd.service\n");
    REQUIRE(all.size() == 1);
    CHECK(all[0].unified);
    CHECK(all[0].mountpoint == "/sys/fs/cgroup");
    CHECK(all[0].own_path == "/system.slice/sshd.service");
    CHECK(host::mode_of(all) == CgroupMode::Unified);

    const auto elsewhere =
        host::parse_hierarchies("9 1 0:9 / /cg rw - cgroup2 none rw\n", "0::/\n");
    CHECK(host::mode_of(elsewhere) == CgroupMode::Unified);
}

TEST_CASE("a v1 hierarchy somewhere does not make a unified machine hybrid") {
    const std::string mounts =
        std::string(kUnified) + "50 35 0:50 / /mnt/net_cls rw - cgroup cgroup rw,net_cls\n";
    const auto all = host::parse_hierarchies(mounts, "1:net_cls:/\n0::/\n");
    CHECK(all.size() == 2);
    CHECK(host::mode_of(all) == CgroupMode::Unified);
}

TEST_CASE("systemd's hybrid layout with co-mounted controllers") {
    const auto all = host::parse_hierarchies(kSystemdHybrid, kSystemdHybridSelf);
    REQUIRE(all.size() == 4);
    CHECK(host::mode_of(all) == CgroupMode::Hybrid);
    CHECK(find(all, "cpuacct").controllers == std::vector<std::string>{"cpu", "cpuacct"});
    CHECK(find(all, "cpu").mountpoint == "/sys/fs/cgroup/cpu,cpuacct");
    CHECK(find(all, "cpu").own_path == "/user.slice");
    CHECK(find(all, "net_prio").mountpoint == "/sys/fs/cgroup/net_cls,net_prio");
    // "xattr" is an option of the mount, not a controller.
    CHECK(find(all, "name=systemd").controllers.size() == 1);
}

TEST_CASE("without cgroup2 it is legacy, without any there is none") {
    const auto legacy = host::parse_hierarchies("9 1 0:9 / /cg/pids rw - cgroup none rw,pids\n",
                                                "3:pids:/\n0::/\n");
    CHECK(host::mode_of(legacy) == CgroupMode::Legacy);
    CHECK(host::mode_of(host::parse_hierarchies("", "")) == CgroupMode::None);
    // A kernel with cgroup2 has its line in /proc/self/cgroup even when nobody mounted it.
    CHECK(host::parse_hierarchies("27 1 254:0 / / rw - ext4 /dev/vda rw\n", "0::/\n").empty());
}

TEST_CASE("a nested container sees its own part of the hierarchy as the mount's root") {
    const auto all = host::parse_hierarchies(
        "700 650 0:60 / / rw - overlay overlay rw,lowerdir=/a\n"
        "702 700 0:61 / /sys ro - sysfs sysfs ro\n"
        "703 702 0:62 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n"
        "704 703 0:32 /docker/4711 /sys/fs/cgroup/memory ro,nosuid master:18 - cgroup memory "
        "rw,memory\n",
        "4:memory:/docker/4711\n");
    REQUIRE(all.size() == 1);
    CHECK(all[0].mount_root == "/docker/4711");
    CHECK(all[0].own_path == "/docker/4711");
    CHECK(all[0].mountpoint == "/sys/fs/cgroup/memory");
}

TEST_CASE("escapes in paths are resolved") {
    const auto all = host::parse_hierarchies(
        "9 1 0:9 /a\\040b /cg\\011\\134x rw - cgroup none rw,pids\n", "3:pids:/a b:c\n");
    REQUIRE(all.size() == 1);
    CHECK(all[0].mountpoint == "/cg\t\\x");
    CHECK(all[0].mount_root == "/a b");
    CHECK(all[0].own_path == "/a b:c");
}

TEST_CASE("a hierarchy mounted twice is used at the usual place") {
    const std::string usual =
        "8 1 0:8 / /sys/fs/cgroup rw - tmpfs none rw\n"
        "9 8 0:9 / /sys/fs/cgroup/pids rw - cgroup none rw,pids\n";
    const std::string other = "10 1 0:9 / /other/pids rw - cgroup none rw,pids\n";
    const std::string third = "11 1 0:9 / /third/pids rw - cgroup none rw,pids\n";
    const auto place = [](const std::string& mounts) {
        const auto all = host::parse_hierarchies(mounts, "3:pids:/\n");
        return all.size() == 1 ? all[0].mountpoint : std::string("not one");
    };
    CHECK(place(other + usual + third) == "/sys/fs/cgroup/pids");
    CHECK(place(usual + other) == "/sys/fs/cgroup/pids");
    CHECK(place(other + third) == "/other/pids");
}

TEST_CASE("a mount that is covered by another one is not used") {
    const std::string tmpfs = "60 31 0:90 / /sys/fs/cgroup/unified rw - tmpfs none rw\n";
    const std::string on_top = "60 41 0:90 / /sys/fs/cgroup/unified rw - tmpfs none rw\n";
    const std::string whole = "60 23 0:90 / /sys/fs rw - tmpfs none rw\n";
    const auto hybrid = std::string(kSeparateV1);
    CHECK(host::mode_of(host::parse_hierarchies(hybrid + on_top, kSeparateV1Self)) ==
          CgroupMode::Legacy);
    CHECK(host::parse_hierarchies(hybrid + whole, kSeparateV1Self).empty());
    // A sibling at the very same place does not hide it: the kernel puts the later one on top.
    CHECK(host::parse_hierarchies(hybrid + tmpfs, kSeparateV1Self).size() == 5);
}

TEST_CASE("a new /sys over the old one hides the old hierarchies and not its own") {
    const auto all = host::parse_hierarchies(
        "20 1 0:2 / / rw - ext4 /dev/vda rw\n"
        "21 20 0:3 / /sys rw - sysfs sysfs rw\n"
        "22 21 0:9 /old /sys/fs/cgroup/pids rw - cgroup none rw,pids\n"
        "30 21 0:4 / /sys rw - sysfs sysfs rw\n"
        "31 30 0:5 / /sys/fs/cgroup rw - tmpfs none rw\n"
        "32 31 0:9 /new /sys/fs/cgroup/pids rw - cgroup none rw,pids\n",
        "3:pids:/new\n");
    REQUIRE(all.size() == 1);
    CHECK(all[0].mount_root == "/new");
}

TEST_CASE("damaged lines are passed over") {
    const auto all = host::parse_hierarchies(
        "nonsense\n1 2 3\n\n5 5 0:1 / /loop rw - cgroup none rw,pids\n"
        "6 1 0:1 / /x rw -\n7 1 0:1 / /y rw - cgroup none rw,cpu\n",
        "x\n3:pids\n1:cpu:/\n2:pids:/\n");
    REQUIRE(all.size() == 2);
    CHECK(find(all, "cpu").mountpoint == "/y");
}

TEST_CASE("a resctrl file system is where it is mounted as a whole and can be reached") {
    const std::string root = "27 1 254:0 / / rw - ext4 /dev/vda rw\n";
    CHECK(host::parse_resctrl(root).empty());
    CHECK(
        host::parse_resctrl(root + "30 27 0:9 / /sys/fs/resctrl rw - tmpfs resctrl rw\n").empty());
    CHECK(host::parse_resctrl(root + "30 27 0:9 /gold /mnt rw - resctrl resctrl rw\n").empty());
    const std::string mounted = root + "30 27 0:9 / /sys/fs/resctrl rw - resctrl resctrl rw,cdp\n";
    CHECK(host::parse_resctrl(mounted) == "/sys/fs/resctrl");
    CHECK(
        host::parse_resctrl(mounted + "31 30 0:8 / /sys/fs/resctrl rw - tmpfs none rw\n").empty());
}

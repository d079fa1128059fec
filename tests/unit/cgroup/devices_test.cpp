// Room: cgroup. Device rules that the kernel really keeps, on both kinds of hierarchy.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "machine.hpp"
#include "rule.hpp"

using namespace cleat;
using namespace cleat::cgroup;
using spec::DeviceRule;

namespace {

const DeviceRule kReadZero = test::rule("allow c 1:5 r");

int try_open(const char* path, int flags) {
    const int fd = ::open(path, flags | O_CLOEXEC);
    if (fd < 0) return errno;
    ::close(fd);
    return 0;
}

int try_node(mode_t type, dev_t device) {
    char directory[] = "/tmp/cleat-unit-XXXXXX";
    if (::mkdtemp(directory) == nullptr) return errno;
    const std::string node = std::string(directory) + "/node";
    const int result = ::mknod(node.c_str(), type | 0600, device) < 0 ? errno : 0;
    ::unlink(node.c_str());
    ::rmdir(directory);
    return result;
}

/// What a process in the cgroup may do, as a set of bits.
enum : int { kNullRw = 1, kZeroR = 2, kZeroRw = 4, kCharNode = 8, kBlockNode = 16 };

int abilities(const Directories& directories) {
    test::Child child(directories, [] {
        int able = 0;
        if (try_open("/dev/null", O_RDWR) == 0) able |= kNullRw;
        if (try_open("/dev/zero", O_RDONLY) == 0) able |= kZeroR;
        if (try_open("/dev/zero", O_RDWR) == 0) able |= kZeroRw;
        if (try_node(S_IFCHR, ::makedev(200, 1)) == 0) able |= kCharNode;
        if (try_node(S_IFBLK, ::makedev(7, 99)) == 0) able |= kBlockNode;
        return able;
    });
    return child.wait();
}

void check_kept(const Directories& one) {
    const auto set = [&](std::vector<DeviceRule> rules) {
        const auto applied =
            cgroup::apply(plan::SetCgroupDevices{.cgroup = 0, .rules = std::move(rules)}, one);
        CHECK_MESSAGE(applied.has_value(), (applied ? std::string() : describe(applied.error())));
        return abilities(one);
    };
    CHECK(set({}) == 0);
    CHECK(set({test::kNothing, test::kNull}) == kNullRw);
    CHECK(set({test::kNothing, test::kAllCharNodes, test::kNull, kReadZero}) ==
          (kNullRw | kZeroR | kCharNode));
    // An update replaces what was there: the rules before it denied this.
    CHECK(set({test::kEverything}) == (kNullRw | kZeroR | kZeroRw | kCharNode | kBlockNode));
    CHECK(set({test::kNothing, kReadZero}) == kZeroR);
}

}  // namespace

TEST_CASE("the v1 controller keeps the rules") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    const auto one = cgroups.v1("devices");
    if (one.empty()) return;
    check_kept(one);
    CHECK(test::read(one, "devices.list") == "c 1:5 r");
}

TEST_CASE("the program of a unified cgroup keeps the rules") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    const auto one = cgroups.unified();
    if (one.empty()) return;
    check_kept(one);
}

TEST_CASE("a unified cgroup denies a part of what it allows, where v1 cannot") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    const DeviceRule no_zero = test::rule("deny c 1:5 w");
    const plan::SetCgroupDevices step{.cgroup = 0, .rules = {test::kEverything, no_zero}};
    const int expected = kNullRw | kZeroR | kCharNode | kBlockNode;
    for (const auto& one : {cgroups.unified(), cgroups.v1("devices")}) {
        if (one.empty()) continue;
        CHECK(cgroup::apply(step, one).has_value());
        CHECK(abilities(one) == expected);
    }
}

TEST_CASE("a child cgroup cannot be given what its parent has not") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    auto one = cgroups.v1("devices");
    if (one.empty()) return;
    REQUIRE(make(one[0]));
    REQUIRE(cgroup::apply(plan::SetCgroupDevices{.cgroup = 0, .rules = {test::kNull}}, one));
    one[0].path += "/below";
    REQUIRE(make(one[0]));
    plan::SetCgroupDevices step{.cgroup = 0, .rules = {test::kNull, kReadZero}};
    const auto applied = cgroup::apply(step, one);
    REQUIRE_FALSE(applied);
    CHECK(applied.error().what == "allow device c 1:5 r in " + full_path(one[0]));
    CHECK(applied.error().errno_value == EPERM);
    step.on_failure = plan::OnFailure::Ignore;
    CHECK(cgroup::apply(step, one).has_value());
    CHECK(test::read(one, "devices.list") == "c 1:3 rwm");
}

TEST_CASE("rules for a cgroup that is not there are an error, unless that is ignored") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    for (const auto& one : {cgroups.v1("devices"), cgroups.unified()}) {
        if (one.empty()) continue;
        plan::SetCgroupDevices step{.cgroup = 0, .rules = {test::kNull}};
        CHECK_FALSE(cgroup::apply(step, one));
        step.on_failure = plan::OnFailure::Ignore;
        CHECK(cgroup::apply(step, one).has_value());
    }
}

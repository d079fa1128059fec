// Room: cgroup. Removing cgroups, whatever is in them.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleat/sys/files.hpp"
#include "machine.hpp"

using namespace cleat;
using namespace cleat::cgroup;
using cgroup::test::Child;

TEST_CASE("empty cgroups are removed, and those that are not there are fine") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    CHECK(cgroup::remove(cgroups.all(), test::kLimit).has_value());
    cgroups.make_all();
    REQUIRE(cgroup::remove(cgroups.all(), test::kLimit));
    CHECK(test::none_exists(cgroups.all()));
    CHECK(cgroup::remove({}, test::kLimit).has_value());
}

TEST_CASE("what is left in the cgroups is killed first, frozen or not") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    for (const auto& directory : cgroups.at("/docker/a")) REQUIRE(make(directory));
    Child top(cgroups.all(), test::sleep_on);
    Child below(cgroups.at("/docker/a"), test::sleep_on);
    REQUIRE(set_frozen(cgroups.all(), Frozen::Yes, test::kLimit));
    REQUIRE(cgroup::remove(cgroups.all(), test::kLimit));
    CHECK(test::none_exists(cgroups.all()));
    CHECK(top.wait() == 128 + SIGKILL);
    CHECK(below.wait() == 128 + SIGKILL);
}

TEST_CASE("cgroups nested beyond the longest path are found and removed") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    constexpr int kLevels = 25;
    const std::string name(200, 'x');
    for (const auto& one : {cgroups.v1("pids"), cgroups.unified()}) {
        if (one.empty()) continue;
        sys::Fd level =
            sys::open_at(sys::kHere, full_path(one[0]).c_str(), O_RDONLY | O_DIRECTORY).value();
        for (int i = 0; i < kLevels; ++i) {
            REQUIRE(::mkdirat(level.get(), name.c_str(), 0755) == 0);
            level = sys::open_at(level.get(), name.c_str(), O_RDONLY | O_DIRECTORY).value();
        }
        Child child({}, [&] {
            if (!sys::write_text_at(level.get(), "cgroup.procs", "0")) return 1;
            return test::sleep_on();
        });
        while (processes(one).value().empty()) ::usleep(1000);
        CHECK(processes(one).value() == std::vector{child.pid()});
        level.reset();
        REQUIRE(cgroup::remove(one, test::kLimit));
        CHECK(test::none_exists(one));
        CHECK(child.wait() == 128 + SIGKILL);
    }
}

TEST_CASE("one directory that cannot be removed does not keep the others") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    Directories with_root = cgroups.all();
    with_root.insert(
        with_root.begin(),
        {.controllers = {"pids"}, .mountpoint = with_root.front().mountpoint, .path = "/"});
    const auto removed = cgroup::remove(with_root, test::kLimit);
    REQUIRE_FALSE(removed);
    CHECK(removed.error().what ==
          "the root cgroup " + with_root.front().mountpoint + " is not a container's");
    CHECK(test::none_exists(cgroups.all()));
}

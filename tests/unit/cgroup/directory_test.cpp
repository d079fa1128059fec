// Room: cgroup. Making cgroups, and what they are filled with.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cleat/sys/files.hpp"
#include "internal.hpp"
#include "machine.hpp"

using namespace cleat;
using namespace cleat::cgroup;
using cgroup::test::Child;

TEST_CASE("a full path has no double slashes and never leaves the hierarchy") {
    CHECK(full_path({.controllers = {}, .mountpoint = "/cg", .path = "/a/b"}) == "/cg/a/b");
    CHECK(full_path({.controllers = {}, .mountpoint = "/cg/", .path = "a//b/"}) == "/cg/a/b");
    CHECK(full_path({.controllers = {}, .mountpoint = "/cg", .path = ""}) == "/cg");
    CHECK(full_path({.controllers = {}, .mountpoint = "/cg", .path = "/../../etc"}) == "/cg/etc");
}

TEST_CASE("the root of a hierarchy is nobody's to make, kill, freeze or remove") {
    for (const char* path : {"", "/", "/a/..", "//"}) {
        CAPTURE(path);
        const Directories root{{.controllers = {"freezer"}, .mountpoint = "/cg", .path = path}};
        CHECK_FALSE(make(root[0]));
        CHECK_FALSE(processes(root));
        CHECK_FALSE(signal_all(root, Signal{9}));
        CHECK_FALSE(set_frozen(root, Frozen::Yes, test::kLimit));
        CHECK_FALSE(cgroup::remove(root, test::kLimit));
    }
}

TEST_CASE("make() makes the directory and its parents, and says who made it") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    for (const auto& directory : cgroups.at("/one/two")) {
        CAPTURE(full_path(directory));
        CHECK(make(directory).value() == Made::New);
        CHECK(test::exists(directory));
        CHECK(make(directory).value() == Made::Existed);
    }
}

TEST_CASE("a cgroup with a process in it is refused") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    const Child child(cgroups.all(), test::sleep_on);
    for (const auto& directory : cgroups.all()) {
        const auto made = make(directory);
        REQUIRE_FALSE(made);
        CHECK(made.error().errno_value == EBUSY);
        CHECK(made.error().what == "cgroup " + full_path(directory) + " is in use");
    }
}

TEST_CASE("a parent with processes does not keep a v1 cgroup from being made") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    const Child child(cgroups.all(), test::sleep_on);
    for (const auto& directory : cgroups.at("/below")) CHECK(make(directory).value() == Made::New);
}

TEST_CASE("a frozen cgroup is refused, as nobody could join it") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    for (const auto& one : {cgroups.v1("freezer"), cgroups.unified()}) {
        if (one.empty()) continue;
        REQUIRE(set_frozen(one, Frozen::Yes, test::kLimit));
        const auto made = make(one[0]);
        REQUIRE_FALSE(made);
        CHECK(made.error().what == "cgroup " + full_path(one[0]) + " is frozen");
        REQUIRE(set_frozen(one, Frozen::No, test::kLimit));
        CHECK(make(one[0]).has_value());
    }
}

TEST_CASE("cpus and memory nodes come from above on every new level of v1 cpuset") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    auto cpuset = cgroups.v1("cpuset");
    if (cpuset.empty()) return;
    // A level that somebody made and left empty is filled on the way.
    REQUIRE(sys::make_directories(full_path(cpuset[0]), 0755));
    CHECK(test::read(cpuset, "cpuset.cpus").empty());
    cpuset[0].path += "/a/b";
    REQUIRE(make(cpuset[0]));
    const auto root = sys::read_text_at(sys::kHere, "/sys/fs/cgroup/cpuset/cpuset.cpus");
    CHECK(test::read(cpuset, "cpuset.cpus") + "\n" == root.value());
    CHECK_FALSE(test::read(cpuset, "cpuset.mems").empty());
    Child child(cpuset, [] { return 0; });
    CHECK(child.wait() == 0);
}

TEST_CASE("a v1 cgroup is joined by writing 0 to its tasks file") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    const auto tasks = open_v1_tasks(cgroups.all());
    REQUIRE(tasks);
    CHECK(tasks->size() + cgroups.unified().size() == cgroups.all().size());
    for (const auto& fd : *tasks) CHECK((::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
    Child child({}, [&] {
        for (const auto& fd : *tasks)
            if (::write(fd.get(), "0", 1) != 1) return 1;
        return processes(cgroups.all()).value() == std::vector{::getpid()} ? 0 : 2;
    });
    CHECK(child.wait() == 0);
}

TEST_CASE("the unified directory is opened by path only, and a missing one is an error") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    for (const auto& unified : cgroups.unified()) {
        const auto fd = open_unified(unified);
        REQUIRE(fd);
        CHECK((::fcntl(fd->get(), F_GETFL) & O_PATH) != 0);
    }
    for (auto missing : cgroups.at("/missing"))
        if (missing.unified) CHECK_FALSE(open_unified(missing));
}

TEST_CASE("what make() made is gone again if it fails") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    auto directory = cgroups.all().front();
    directory.path += "/a/line\nbreak";  // cgroups refuse such names
    const auto made = make(directory);
    REQUIRE_FALSE(made);
    CHECK(made.error().errno_value == EINVAL);
    CHECK(test::none_exists(cgroups.all()));
}

TEST_CASE("controllers are enabled down to a unified cgroup") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    auto unified = cgroups.unified();
    if (unified.empty()) return;
    const auto available =
        sys::read_text_at(sys::kHere, (unified[0].mountpoint + "/cgroup.controllers").c_str());
    REQUIRE(available);
    const auto before =
        sys::read_text_at(sys::kHere, (unified[0].mountpoint + "/cgroup.subtree_control").c_str());
    for (const auto name : words(*available)) unified[0].controllers.emplace_back(name);
    unified[0].controllers.emplace_back("nonesuch");  // does not take the others with it
    unified[0].path += "/a/b";
    REQUIRE(make(unified[0]));
    CHECK(test::read(unified, "cgroup.controllers") + "\n" == *available);
    REQUIRE(cgroup::remove(cgroups.all(), test::kLimit));
    // The machine is left as it was found.
    for (const auto name : words(*available)) {
        const auto now = words(before.value());
        if (std::find(now.begin(), now.end(), name) == now.end())
            CHECK(write_file(unified[0].mountpoint, "cgroup.subtree_control",
                             "-" + std::string(name)));
    }
}

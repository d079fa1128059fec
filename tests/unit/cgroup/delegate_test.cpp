// Room: cgroup. Who owns a cgroup that was given away, file by file.
#include "../../../src/cgroup/delegate.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "machine.hpp"

using namespace cleat;
using namespace cleat::cgroup;

namespace {

constexpr Uid kOwner{4711};
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the files that go with a cgroup are the kernel's list, or the specification's") {
    char list[] = "/tmp/cleat-delegate-XXXXXX";
    const sys::Fd file(::mkstemp(list));
    REQUIRE(sys::write_all(file.get(), "cgroup.procs\nmemory.oom.group\n../cgroup.procs\n"));
    CHECK(delegated_files(list) == Names{"cgroup.procs", "memory.oom.group"});
    ::unlink(list);
    CHECK(delegated_files(list) ==
          Names{"cgroup.procs", "cgroup.subtree_control", "cgroup.threads"});
}

TEST_CASE("a v2 cgroup is given away with the files that can be, and with no other") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    const auto unified = cgroups.unified();
    if (unified.empty()) {
        MESSAGE("skipped: no cgroup v2 is mounted");
        return;
    }
    REQUIRE(make(unified[0]));
    REQUIRE(cgroup::apply(plan::DelegateCgroup{.cgroup = 0, .owner = kOwner}, unified));
    const std::string path = full_path(unified[0]);
    CHECK(sys::stat_at(sys::kHere, path.c_str())->st_uid == kOwner.value);
    const auto given = delegated_files("/sys/kernel/cgroup/delegate");
    const auto there = sys::list_directory_at(sys::kHere, path.c_str());
    REQUIRE(there);
    CHECK(std::ranges::count(*there, "cgroup.procs") == 1);
    for (const auto& name : *there) {
        CAPTURE(name);
        const auto status = sys::stat_at(sys::kHere, concat(path, "/", name).c_str());
        REQUIRE(status);
        const bool listed = std::ranges::count(given, name) != 0;
        CHECK(status->st_uid == (listed ? kOwner.value : 0));
        CHECK(status->st_gid == 0);
    }
}

TEST_CASE("no v1 cgroup and no root of a hierarchy is given away") {
    const Directories places{
        {.controllers = {"pids"}, .mountpoint = "/nowhere", .path = "/x"},
        {.controllers = {}, .mountpoint = "/nowhere", .path = "/", .unified = true}};
    for (std::uint16_t index = 0; index < 3; ++index) {
        const auto given =
            cgroup::apply(plan::DelegateCgroup{.cgroup = index, .owner = kOwner}, places);
        REQUIRE_FALSE(given);
        CHECK(given.error().kind == ErrorKind::Internal);
    }
}

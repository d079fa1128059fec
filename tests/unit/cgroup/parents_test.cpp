// Room: cgroup. Parents that were made for a container's sake.
#include <doctest/doctest.h>

#include "cleat/sys/files.hpp"
#include "machine.hpp"

using namespace cleat;
using namespace cleat::cgroup;

namespace {

void make_each(const Directories& directories) {
    for (const auto& directory : directories) REQUIRE(make(directory));
}

}  // namespace

TEST_CASE("parents that make() made go with the last container in them") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    make_each(cgroups.at("/pod/first"));
    make_each(cgroups.at("/pod/second"));
    CHECK(cgroup::remove(cgroups.at("/pod/first"), test::kLimit));
    for (const auto& directory : cgroups.at("/pod")) CHECK(test::exists(directory));
    CHECK(cgroup::remove(cgroups.at("/pod/second"), test::kLimit));
    CHECK(test::none_exists(cgroups.all()));
}

TEST_CASE("a parent that was there before stays") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    make_each(cgroups.at("/pod/only"));
    CHECK(cgroup::remove(cgroups.at("/pod/only"), test::kLimit));
    CHECK(test::none_exists(cgroups.at("/pod")));
    for (const auto& directory : cgroups.all()) CHECK(test::exists(directory));
}

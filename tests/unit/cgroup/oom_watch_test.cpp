// Room: cgroup. Being told of the end of the last process in a real cgroup.
#include <doctest/doctest.h>
#include <poll.h>

#include "cleat/cgroup/stats.hpp"
#include "machine.hpp"

using namespace cleat;
using namespace cleat::cgroup;

namespace {

/// Whether the kernel tells of a change within the time, in milliseconds.
bool is_told(const sys::Fd& population, int limit) {
    ::pollfd wanted{.fd = population.get(), .events = POLLPRI, .revents = 0};
    return ::poll(&wanted, 1, limit) == 1;
}

}  // namespace

TEST_CASE("the end of the last process in a unified cgroup is told") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    const auto one = cgroups.unified();
    if (one.empty()) return;
    const auto population = open_population(one);
    REQUIRE(population);
    CHECK_FALSE(is_populated(*population));
    {
        const test::Child child(one, test::sleep_on);
        CHECK(is_told(*population, static_cast<int>(test::kLimit.count())));
        CHECK(is_populated(*population));
        CHECK_FALSE(is_told(*population, 0));
    }
    CHECK(is_told(*population, static_cast<int>(test::kLimit.count())));
    CHECK_FALSE(is_populated(*population));
}

TEST_CASE("without a unified cgroup nothing is told of its population") {
    const auto population = open_population({});
    REQUIRE_FALSE(population);
    CHECK(population.error().kind == ErrorKind::Unsupported);
}

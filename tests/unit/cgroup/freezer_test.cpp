// Room: cgroup. Freezing and thawing real processes.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "machine.hpp"

using namespace cleat;
using namespace cleat::cgroup;

namespace {

void check_freezes(const Directories& one) {
    int beat[2];
    REQUIRE(::pipe(beat) == 0);
    const test::Child child(one, [&] {
        constexpr useconds_t kBeat = 1000;
        for (;;) {
            if (::write(beat[1], "x", 1) != 1) return 1;
            ::usleep(kBeat);
        }
    });
    ::close(beat[1]);
    char buffer[4096];
    CHECK(::read(beat[0], buffer, 1) == 1);
    REQUIRE(set_frozen(one, Frozen::Yes, test::kLimit));
    CHECK(frozen(one).value() == Frozen::Yes);
    // Whatever was written before is taken out, then nothing more comes.
    constexpr useconds_t kWhile = 20000;
    ::usleep(kWhile);
    static_cast<void>(::fcntl(beat[0], F_SETFL, O_NONBLOCK));
    while (::read(beat[0], buffer, sizeof buffer) > 0) continue;
    ::usleep(kWhile);
    CHECK(::read(beat[0], buffer, 1) < 0);
    CHECK(errno == EAGAIN);
    static_cast<void>(::fcntl(beat[0], F_SETFL, 0));
    CHECK(processes(one).value() == std::vector{child.pid()});
    REQUIRE(set_frozen(one, Frozen::No, test::kLimit));
    CHECK(frozen(one).value() == Frozen::No);
    CHECK(::read(beat[0], buffer, 1) == 1);
    ::close(beat[0]);
}

}  // namespace

TEST_CASE("the v1 freezer stops a process and lets it go on") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    if (const auto one = cgroups.v1("freezer"); !one.empty()) check_freezes(one);
}

TEST_CASE("a unified cgroup stops a process and lets it go on") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    if (const auto one = cgroups.unified(); !one.empty()) check_freezes(one);
}

TEST_CASE("an empty cgroup can be frozen and thawed, too") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    for (const auto& one : {cgroups.v1("freezer"), cgroups.unified(), cgroups.all()}) {
        if (one.empty()) continue;
        CHECK(frozen(one).value() == Frozen::No);
        CHECK(set_frozen(one, Frozen::Yes, test::kLimit));
        CHECK(frozen(one).value() == Frozen::Yes);
        CHECK(set_frozen(one, Frozen::No, test::kLimit));
        CHECK(frozen(one).value() == Frozen::No);
    }
}

TEST_CASE("a cgroup below a frozen one cannot be thawed, and that is said in time") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    const auto parent = cgroups.v1("freezer");
    if (parent.empty()) return;
    auto child = parent;
    child[0].path += "/below";
    REQUIRE(make(child[0]));
    REQUIRE(set_frozen(parent, Frozen::Yes, test::kLimit));
    constexpr std::chrono::milliseconds kShort{30};
    const auto thawed = set_frozen(child, Frozen::No, kShort);
    REQUIRE_FALSE(thawed);
    CHECK(thawed.error().what == "thaw the processes of " + full_path(child[0]));
    CHECK(thawed.error().errno_value == ETIMEDOUT);
}

TEST_CASE("what is not there is not frozen, and cannot be") {
    const Directories missing{{.controllers = {"freezer"}, .mountpoint = "/nowhere", .path = "/x"}};
    CHECK(frozen(missing).value() == Frozen::No);
    CHECK_FALSE(set_frozen(missing, Frozen::Yes, test::kLimit));
    CHECK(frozen({}).value() == Frozen::No);
    const auto none = set_frozen({}, Frozen::Yes, test::kLimit);
    REQUIRE_FALSE(none);
    CHECK(none.error().kind == ErrorKind::Unsupported);
}

TEST_CASE("a cgroup v2 that is gone is not frozen any more") {
    const Directories gone{{.controllers = {},
                            .mountpoint = "/sys/fs/cgroup",
                            .path = "/cleat-was-never-here",
                            .unified = true}};
    CHECK(set_frozen(gone, Frozen::No, test::kLimit));
    CHECK_FALSE(set_frozen(gone, Frozen::Yes, test::kLimit));
}

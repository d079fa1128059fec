// Room: cgroup. Listing and signalling everything in a cgroup.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "machine.hpp"

using namespace cleat;
using namespace cleat::cgroup;
using cgroup::test::Child;

namespace {

constexpr int kKilled = 128 + SIGKILL;

}  // namespace

TEST_CASE("processes are those of all hierarchies and of what is below, each once") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    for (const auto& directory : cgroups.at("/a/b")) REQUIRE(make(directory));
    const Child everywhere(cgroups.all(), test::sleep_on);
    const Child below(cgroups.at("/a/b"), test::sleep_on);
    // One that is in a single hierarchy only.
    const Child alone({cgroups.all().front()}, test::sleep_on);
    std::vector<pid_t> expected{everywhere.pid(), below.pid(), alone.pid()};
    std::ranges::sort(expected);
    CHECK(processes(cgroups.all()).value() == expected);
    CHECK(processes(cgroups.at("/a")).value() == std::vector{below.pid()});
    CHECK(processes(cgroups.at("/missing")).value().empty());
    CHECK(processes({}).value().empty());
}

TEST_CASE("a signal other than SIGKILL is sent once to every process") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    Child one(cgroups.all(), test::sleep_on);
    Child other(cgroups.all(), test::sleep_on);
    REQUIRE(signal_all(cgroups.all(), Signal{SIGTERM}));
    CHECK(one.wait() == 128 + SIGTERM);
    CHECK(other.wait() == 128 + SIGTERM);
    CHECK(signal_all(cgroups.all(), Signal{SIGTERM}).has_value());
}

TEST_CASE("SIGKILL ends processes everywhere below, in each kind of hierarchy") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    for (const auto& directory : cgroups.at("/a")) REQUIRE(make(directory));
    auto only_v1 = cgroups.all();
    std::erase_if(only_v1, [](const auto& directory) { return directory.unified; });
    for (const auto& kind : {cgroups.all(), cgroups.unified(), only_v1}) {
        if (kind.empty()) continue;
        Child top(kind, test::sleep_on);
        auto lower = kind;
        for (auto& directory : lower) directory.path += "/a";
        Child below(lower, test::sleep_on);
        Child alone({kind.front()}, test::sleep_on);
        REQUIRE(signal_all(kind, Signal{SIGKILL}));
        CHECK(top.wait() == kKilled);
        CHECK(below.wait() == kKilled);
        CHECK(alone.wait() == kKilled);
    }
}

TEST_CASE("SIGKILL ends frozen processes, too") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    for (const auto& kind : {cgroups.all(), cgroups.unified(), cgroups.v1("freezer")}) {
        if (kind.empty()) continue;
        Child child(kind, test::sleep_on);
        CAPTURE(full_path(kind.front()));
        REQUIRE(set_frozen(kind, Frozen::Yes, test::kLimit));
        REQUIRE(signal_all(kind, Signal{SIGKILL}));
        CHECK(child.wait() == kKilled);
        REQUIRE(set_frozen(kind, Frozen::No, test::kLimit));
    }
}

TEST_CASE("SIGKILL ends those who fork all the time") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    const auto pids = cgroups.v1("pids");
    // The limit keeps the machine alive, and every death makes room for another birth.
    const plan::WriteCgroup at_most{.cgroup = 0, .file = "pids.max", .value = "60"};
    if (pids.empty() || !cgroup::apply(at_most, pids)) {
        MESSAGE("skipped: no v1 pids controller to keep the children few");
        return;
    }
    auto only_v1 = cgroups.all();
    std::erase_if(only_v1, [](const auto& directory) { return directory.unified; });
    for (const auto& kind : {only_v1, cgroups.unified()}) {
        if (kind.empty()) continue;
        Child bomb(cgroups.all(), [] {
            constexpr std::time_t kSeconds = 10;  // whatever happens, it ends
            constexpr useconds_t kPause = 200;
            const std::time_t end = std::time(nullptr) + kSeconds;
            ::signal(SIGCHLD, SIG_IGN);
            while (std::time(nullptr) < end) {
                static_cast<void>(::fork());
                ::usleep(kPause);
            }
            return 0;
        });
        constexpr useconds_t kGrow = 20000;
        ::usleep(kGrow);
        CHECK(signal_all(kind, Signal{SIGKILL}).has_value());
        CHECK(bomb.wait() == kKilled);
        constexpr int kTries = 1000;
        for (int i = 0; i < kTries && !processes(kind).value().empty(); ++i) ::usleep(1000);
        CHECK(processes(kind).value().empty());
    }
}

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "sample.hpp"

namespace cleat::plan {
namespace {

Plan sound_plan() {
    auto plan = compile(sample::remapped(), sample::hybrid_host(), sample::options());
    REQUIRE(plan);
    REQUIRE(broken_invariants(*plan).empty());
    return *std::move(plan);
}

using StepList = std::vector<Step>;

StepList::iterator find(StepList& steps, std::string_view kind) {
    const auto found =
        std::ranges::find(steps, kind, [](const Step& step) { return kind_of(step.action); });
    REQUIRE(found != steps.end());
    return found;
}

/// Moves the first step of one kind in front of the first of another.
void move_before(StepList& steps, std::string_view kind, std::string_view other) {
    const Step step = *find(steps, kind);
    steps.erase(find(steps, kind));
    steps.insert(find(steps, other), step);
}

}  // namespace

TEST_CASE("a step in the wrong place is noticed") {
    struct Move {
        std::string_view kind;
        std::string_view before;
    };
    const Move moves[] = {
        {"mask-path", "change-root"},
        {"change-root", "mount-filesystem"},
        {"load-seccomp", "set-capabilities"},
        {"load-seccomp", "close-fds"},
        {"set-user", "set-bounding-set"},
        {"set-capabilities", "set-user"},
        {"become-root", "await"},
        {"open-root", "set-propagation"},
        {"make-device", "mount-filesystem"},
        {"close-fds", "set-capabilities"},
        {"find-executable", "change-root"},
        {"await-start", "report"},
    };
    for (const auto& [kind, before] : moves) {
        CAPTURE(kind);
        CAPTURE(before);
        auto plan = sound_plan();
        move_before(plan.init, kind, before);
        CHECK_FALSE(broken_invariants(plan).empty());
    }
}

TEST_CASE("a cgroup that is given away before it has its limits is noticed") {
    auto plan = sound_plan();
    const auto limit = find(plan.host, "write-cgroup");
    plan.host.insert(limit, {.action = DelegateCgroup{.cgroup = 0, .owner = Uid{7}}, .origin = ""});
    CHECK_FALSE(broken_invariants(plan).empty());
}

TEST_CASE("a cgroup made below one that is given away later is noticed") {
    auto plan = sound_plan();
    plan.slots++;
    const auto clone = find(plan.host, "clone");
    const Slot slot{static_cast<std::uint16_t>(plan.slots - 1)};
    const auto below = plan.host.insert(
        clone, {.action = MakeSubgroup{.cgroup = 0, .name = "x", .slot = slot}, .origin = ""});
    CHECK(broken_invariants(plan).empty());
    plan.host.insert(below + 1,
                     {.action = DelegateCgroup{.cgroup = 0, .owner = Uid{7}}, .origin = ""});
    CHECK_FALSE(broken_invariants(plan).empty());
}

TEST_CASE("a host step in the wrong place is noticed") {
    for (const auto& [kind, before] : {std::pair{"clone", "make-cgroup"},
                                       {"write-cgroup", "make-cgroup"},
                                       {"write-id-maps", "clone"},
                                       {"report", "write-id-maps"},
                                       {"clone", "open-source"}}) {
        CAPTURE(kind);
        auto plan = sound_plan();
        move_before(plan.host, kind, before);
        CHECK_FALSE(broken_invariants(plan).empty());
    }
}

TEST_CASE("cgroups that are made beside init, and when it joins them") {
    const auto beside = [] {
        auto plan = compile(sample::engine_like(), sample::hybrid_host(), sample::options());
        REQUIRE(plan);
        REQUIRE(broken_invariants(*plan).empty());
        return *std::move(plan);
    };
    auto plan = beside();
    CHECK(find(plan.host, "clone") < find(plan.host, "write-cgroup"));
    const std::function<void(Plan&)> faults[] = {
        [](Plan& p) { move_before(p.init, "join-cgroups", "await"); },
        [](Plan& p) { move_before(p.init, "open-root", "join-cgroups"); },
        [](Plan& p) { move_before(p.host, "report", "write-cgroup"); },
        [](Plan& p) { move_before(p.host, "clone", "make-cgroup"); },  // of the unified one
        [](Plan& p) { p.init.erase(find(p.init, "await")); },
        [](Plan& p) {
            p.init.erase(find(p.init, "await"));
            p.host.erase(find(p.host, "report"));
        },
    };
    for (const auto& fault : faults) {
        plan = beside();
        fault(plan);
        CHECK_FALSE(broken_invariants(plan).empty());
    }
}

TEST_CASE("a missing step is noticed") {
    const std::function<void(Plan&)> removals[] = {
        [](Plan& plan) { plan.host.erase(find(plan.host, "clone")); },
        [](Plan& plan) { plan.host.erase(find(plan.host, "open-source")); },
        [](Plan& plan) { plan.host.erase(find(plan.host, "report")); },
        [](Plan& plan) { plan.init.erase(find(plan.init, "close-fds")); },
        [](Plan& plan) { plan.init.pop_back(); },
        [](Plan& plan) { plan.init.erase(find(plan.init, "await")); },
        [](Plan& plan) { plan.cgroups.pop_back(); },
    };
    for (const auto& remove : removals) {
        auto plan = sound_plan();
        remove(plan);
        CHECK_FALSE(broken_invariants(plan).empty());
    }
}

TEST_CASE("a step of one process in the list of another is noticed") {
    auto plan = sound_plan();
    plan.host.insert(plan.host.begin(), Step{.action = NewSession{}, .origin = ""});
    CHECK_FALSE(broken_invariants(plan).empty());
    plan = sound_plan();
    plan.init.insert(plan.init.begin(), Step{.action = MakeCgroup{}, .origin = ""});
    CHECK_FALSE(broken_invariants(plan).empty());
}

TEST_CASE("a slot that is filled twice, or never, is noticed") {
    auto plan = sound_plan();
    plan.host.insert(find(plan.host, "open-source"), *find(plan.host, "open-source"));
    CHECK_FALSE(broken_invariants(plan).empty());
    plan = sound_plan();
    ++plan.slots;
    CHECK_FALSE(broken_invariants(plan).empty());
}

TEST_CASE("a plan of nothing breaks what every plan must have") {
    CHECK(broken_invariants({}).size() >= 3);
}

}  // namespace cleat::plan

// Unit tests of plan/added_mounts.cpp.
#include <doctest/doctest.h>

#include "../../../src/plan/numbers.hpp"
#include "sample.hpp"

namespace cleat::plan {

TEST_CASE("what is added to a running container is opened on the host and attached inside") {
    auto spec = sample::engine_like();
    spec.mounts = {sample::mount("/data", "bind", "/srv/data", {"bind", "ro"}),
                   sample::mount("/new", "tmpfs", "tmpfs", {})};
    const auto plan =
        compile_mounts(spec, sample::root_host(), sample::options(), kCloneNewMount | kCloneNewPid);
    REQUIRE_MESSAGE(plan, plan.error().what);
    CHECK(sample::kinds(plan->host) ==
          std::vector<std::string_view>{"open-container", "open-source"});
    CHECK(sample::kinds(plan->init) == std::vector<std::string_view>{"protect-init",
                                                                     "join-container", "bind-mount",
                                                                     "mount-filesystem"});
    CHECK(std::get<JoinContainer>(plan->init[1].action).flags == kCloneNewMount);
    CHECK(std::get<BindMount>(plan->init[2].action).slot.has_value());
    CHECK(plan->init[3].origin == "/1");
}

TEST_CASE("without a mount namespace of its own a container takes no mounts") {
    const auto plan =
        compile_mounts(sample::engine_like(), sample::root_host(), sample::options(), kCloneNewPid);
    REQUIRE_FALSE(plan);
    CHECK(plan.error().what.find("no mount namespace of its own") != std::string::npos);
}

}  // namespace cleat::plan

#include "../../../src/plan/capabilities.hpp"

#include <doctest/doctest.h>

#include "sample.hpp"

namespace cleat::plan {
namespace {

constexpr std::uint64_t kChown = 1;
constexpr std::uint64_t kKill = 1U << 5U;

CapabilitySets granted(const spec::Capabilities& wanted, std::uint64_t available,
                       std::vector<spec::Problem>& warnings) {
    return grant_capabilities(wanted, available, "/process/capabilities", warnings);
}

}  // namespace

TEST_CASE("capabilities that can be had are granted without a word") {
    std::vector<spec::Problem> warnings;
    const std::vector<std::string> names{"CAP_CHOWN", "CAP_CHECKPOINT_RESTORE"};
    const auto sets =
        granted({names, names, names, names, names}, sample::kAllCapabilities, warnings);
    constexpr std::uint64_t kBoth = kChown | std::uint64_t{1} << 40U;
    CHECK(warnings.empty());
    CHECK(sets.bounding == kBoth);
    CHECK(sets.sets.effective == kBoth);
    CHECK(sets.sets.permitted == kBoth);
    CHECK(sets.sets.inheritable == kBoth);
    CHECK(sets.sets.ambient == kBoth);
}

TEST_CASE("an unknown capability and one that cleat does not have are left out with a warning") {
    std::vector<spec::Problem> warnings;
    const auto sets = granted({.bounding = {"CAP_CHOWN", "CAP_KILL", "CAP_BANANA"},
                               .effective = {},
                               .inheritable = {},
                               .permitted = {},
                               .ambient = {}},
                              kChown, warnings);
    CHECK(sets.bounding == kChown);
    REQUIRE(warnings.size() == 2);
    CHECK(warnings[0].pointer == "/process/capabilities/bounding/1");
    CHECK(warnings[1].pointer == "/process/capabilities/bounding/2");
    CHECK(warnings[1].severity == spec::Severity::Warning);
}

TEST_CASE("sets are cut to the sets that the kernel wants them to be in") {
    std::vector<spec::Problem> warnings;
    const std::vector<std::string> both{"CAP_CHOWN", "CAP_KILL"};
    const auto sets = granted({.bounding = {"CAP_KILL"},
                               .effective = both,
                               .inheritable = both,
                               .permitted = {"CAP_CHOWN"},
                               .ambient = both},
                              sample::kAllCapabilities, warnings);
    CHECK(sets.sets.effective == kChown);
    CHECK(sets.sets.inheritable == kKill);
    CHECK(sets.sets.ambient == 0);
    CHECK(warnings.size() == 4);
}

TEST_CASE("capabilities have names for people") {
    CHECK(capability_names(kChown | kKill) == "CAP_CHOWN CAP_KILL");
    CHECK(capability_names(0) == "none");
    CHECK(capability_names(std::uint64_t{1} << 50U) == "50");
    CHECK(all_capabilities(40) == sample::kAllCapabilities);
    CHECK(all_capabilities(63) == ~std::uint64_t{0});
}

}  // namespace cleat::plan

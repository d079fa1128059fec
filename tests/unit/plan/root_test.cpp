#include "../../../src/plan/root.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sample.hpp"

namespace cleat::plan {
namespace {

using Kinds = std::vector<std::string_view>;

Plan root_plan(const spec::Spec& spec) {
    auto plan = compile(spec, sample::root_host(), sample::options());
    REQUIRE_MESSAGE(plan, plan.error().what);
    CHECK(broken_invariants(*plan) == std::vector<std::string>{});
    return *std::move(plan);
}

/// A container that has its mount namespace from elsewhere, or none.
spec::Spec without_mounts(const std::string& joined) {
    auto spec = sample::minimal();
    spec.linux.namespaces.clear();
    if (!joined.empty()) sample::add_namespace(spec, spec::NamespaceType::Mount, joined);
    return spec;
}

}  // namespace

TEST_CASE("without a mount namespace the parent holds the root, which is mounted on the host") {
    auto spec = without_mounts("");
    spec.linux.masked_paths = {"/proc/kcore"};
    const auto plan = root_plan(spec);
    CHECK(broken_invariants(plan) == std::vector<std::string>{});
    const auto root = sample::all<OpenRoot>(plan.init).at(0);
    CHECK(root.clone);
    CHECK(sample::all<OpenSource>(plan.host).at(0).slot == root.slot);
    CHECK(sample::all<ChangeRoot>(plan.init).at(0).how == RootChange::Chroot);
    CHECK(sample::all<MaskPath>(plan.init).size() == 1);
    CHECK(sample::all<SetPropagation>(plan.init).empty());
    REQUIRE(root_on_host(plan) != nullptr);
    CHECK(root_on_host(plan)->path == "/run/bundle/rootfs");
    CHECK(root_on_host(root_plan(sample::minimal())) == nullptr);
}

TEST_CASE("in a user namespace without a mount namespace a root is only changed into") {
    auto spec = without_mounts("");
    sample::add_namespace(spec, spec::NamespaceType::User, "/run/ns/user");
    const auto plan = root_plan(spec);
    CHECK_FALSE(sample::all<OpenRoot>(plan.init).at(0).clone);
    CHECK(root_on_host(plan) == nullptr);
    spec.linux.masked_paths = {"/proc/kcore"};
    const auto refused = compile(spec, sample::root_host(), sample::options());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().pointer == "/linux/maskedPaths");
}

TEST_CASE("the root is built in a mount namespace that is joined") {
    auto spec = without_mounts("/run/ns/mnt");
    spec.linux.masked_paths = {"/proc/kcore"};
    const auto plan = root_plan(spec);
    CHECK(sample::all<OpenRoot>(plan.init).at(0).clone);
    CHECK(sample::all<ChangeRoot>(plan.init).at(0).how == RootChange::Pivot);
    CHECK(sample::all<MaskPath>(plan.init).size() == 1);
    CHECK(plan.warnings.empty());
}

TEST_CASE("a root path is below the bundle unless it is absolute") {
    auto spec = sample::minimal();
    CHECK(sample::all<OpenRoot>(root_plan(spec).init).at(0).path == "/run/bundle/rootfs");
    spec.root->path = "/srv/root";
    CHECK(sample::all<OpenRoot>(root_plan(spec).init).at(0).path == "/srv/root");
}

TEST_CASE("a root is made read-only before it is entered and closed after") {
    auto spec = sample::minimal();
    spec.root->readonly = true;
    spec.linux.rootfs_propagation = "rshared";
    spec.linux.masked_paths = {"/a", "//a"};
    spec.linux.readonly_paths = {"/b"};
    spec.process->terminal = true;
    const auto kinds = sample::kinds(root_plan(spec).init);
    const auto console = std::ranges::find(kinds, "set-up-console");
    CHECK(Kinds(console, console + 7) ==
          Kinds{"set-up-console", "make-directory", "set-root-readonly", "change-root",
                "make-path-readonly", "mask-path", "set-root-propagation"});
}

TEST_CASE("--no-pivot is passed on") {
    auto options = sample::options();
    options.root_change = RootChange::Move;
    const auto plan = compile(sample::minimal(), sample::root_host(), options);
    REQUIRE(plan);
    CHECK(sample::all<ChangeRoot>(plan->init).at(0).how == RootChange::Move);
}

}  // namespace cleat::plan

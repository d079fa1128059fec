#include "../../../src/plan/cgroup_places.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sample.hpp"

namespace cleat::plan {
namespace {

Result<Plan> places_plan(const std::string& path, const HostFacts& facts,
                         CgroupDriver driver = CgroupDriver::Filesystem) {
    auto spec = sample::minimal();
    spec.linux.cgroups_path = path;
    spec.mounts = {sample::mount("/sys/fs/cgroup", "cgroup", "cgroup", {"ro"})};
    if (facts.euid != Uid{0}) {
        sample::add_namespace(spec, spec::NamespaceType::User);
        spec.linux.uid_mappings = {{.container_id = 0, .host_id = facts.euid.value, .size = 1}};
        spec.linux.gid_mappings = {{.container_id = 0, .host_id = facts.egid.value, .size = 1}};
    }
    auto options = sample::options();
    options.cgroup_driver = driver;
    return compile(spec, facts, options);
}

std::vector<std::string> paths(const std::string& path, const HostFacts& facts) {
    const auto plan = places_plan(path, facts);
    REQUIRE_MESSAGE(plan, plan.error().what);
    std::vector<std::string> found;
    for (const auto& cgroup : plan->cgroups) found.push_back(cgroup.path);
    return found;
}

MountCgroups view(const HostFacts& facts, CgroupDriver driver = CgroupDriver::Filesystem) {
    const auto plan = places_plan("/docker/web1", facts, driver);
    REQUIRE_MESSAGE(plan, plan.error().what);
    return sample::all<MountCgroups>(plan->init).at(0);
}

HostFacts one(const char* mount_root, const char* own_path, CgroupMode mode = CgroupMode::Legacy) {
    auto facts = sample::root_host();
    facts.cgroup_mode = mode;
    facts.cgroups = {sample::v1({"memory"}, "memory")};
    facts.cgroups[0].mount_root = mount_root;
    facts.cgroups[0].own_path = own_path;
    facts.cgroups[0].unified = mode == CgroupMode::Unified;
    return facts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("an absolute path is below the mountpoint, whatever cleat's own cgroup") {
    CHECK(paths("/docker//web1/", one("/", "/jobs/7")) == Texts{"/docker/web1"});
    CHECK(paths("/docker/web1", one("/docker/outer", "/docker/outer")) == Texts{"/docker/web1"});
}

TEST_CASE("a relative path, or the id, is below cleat's own cgroup") {
    CHECK(paths("pods/a", one("/", "/jobs/7")) == Texts{"/jobs/7/pods/a"});
    CHECK(paths("", one("/", "/jobs/7")) == Texts{"/jobs/7/web1"});
    CHECK(paths("", one("/docker/outer", "/docker/outer")) == Texts{"/web1"});
    CHECK(paths("", one("/docker/outer", "/docker/outer/x")) == Texts{"/x/web1"});
    CHECK(paths("", one("/docker/outer", "/elsewhere")) == Texts{"/web1"});
}

TEST_CASE("in cgroup v2 it is beside cleat's own, which holds processes") {
    CHECK(paths("", one("/", "/user/session", CgroupMode::Unified)) == Texts{"/user/web1"});
    CHECK(paths("", one("/", "/", CgroupMode::Unified)) == Texts{"/web1"});
}

TEST_CASE("a path that leads upwards or is in the form of systemd is refused") {
    for (const char* path : {"/docker/../../etc", "../x", "system.slice:docker:web1"}) {
        const auto plan = places_plan(path, sample::legacy_host());
        REQUIRE_FALSE(plan);
        CHECK(plan.error().pointer == "/linux/cgroupsPath");
    }
}

TEST_CASE("a hybrid host has a directory in every hierarchy, and init is born in the unified one") {
    const auto plan = places_plan("/docker/web1", sample::hybrid_host());
    REQUIRE(plan);
    CHECK(plan->cgroups.size() == 8);
    CHECK(sample::all<MakeCgroup>(plan->host).size() == 8);
    CHECK(sample::all<Clone>(plan->host).at(0).into_cgroup == 7);
    CHECK(sample::all<JoinCgroups>(plan->init).size() == 1);
}

TEST_CASE("init waits for cgroups that it joins, where nobody else is on the way") {
    const auto waits = [](const spec::Spec& spec, const HostFacts& facts) {
        const auto plan = compile(spec, facts, sample::options());
        REQUIRE(plan);
        CHECK(broken_invariants(*plan) == std::vector<std::string>{});
        return std::ranges::any_of(sample::all<Await>(plan->init),
                                   [](const Await& step) { return step.gate == Gate::Confined; });
    };
    CHECK(waits(sample::engine_like(), sample::hybrid_host()));
    CHECK(waits(sample::engine_like(), sample::legacy_host()));
    CHECK_FALSE(waits(sample::engine_like(), sample::unified_host()));
    CHECK_FALSE(waits(sample::remapped(), sample::legacy_host()));
}

TEST_CASE("a cpuset is made before the clone, the other cgroups v1 behind it") {
    const auto plan = compile(sample::engine_like(), sample::legacy_host(), sample::options());
    REQUIRE(plan);
    const auto is_clone = [](const Step& step) {
        return std::holds_alternative<Clone>(step.action);
    };
    const auto clone = std::ranges::find_if(plan->host, is_clone);
    const std::vector<Step> before(plan->host.begin(), clone);
    const std::vector<Step> behind(clone, plan->host.end());
    REQUIRE(sample::all<MakeCgroup>(before).size() == 1);
    const auto cpuset = sample::all<MakeCgroup>(before)[0].cgroup;
    CHECK(plan->cgroups.at(cpuset).controllers == std::vector<std::string>{"cpuset"});
    CHECK(sample::all<MakeCgroup>(behind).size() == plan->cgroups.size() - 1);
}

TEST_CASE("a unified host needs nobody to join anything") {
    const auto plan = places_plan("/docker/web1", sample::unified_host());
    REQUIRE(plan);
    CHECK(sample::all<Clone>(plan->host).at(0).into_cgroup == 0);
    CHECK(sample::all<JoinCgroups>(plan->init).empty());
}

TEST_CASE("a rootless container has the cgroup that it asks for, and only where it can") {
    CHECK(paths("", sample::rootless_host()).empty());
    CHECK(paths("/user.slice/web1", sample::rootless_host()) == Texts{"/user.slice/web1"});
    auto legacy = sample::legacy_host();
    legacy.euid = Uid{1000};
    CHECK(paths("/docker/web1", legacy).empty());
}

TEST_CASE("a rootless container that names no place has none where nothing was delegated") {
    auto spec = sample::minimal();
    sample::add_namespace(spec, spec::NamespaceType::User);
    spec.linux.uid_mappings = {{.container_id = 0, .host_id = 1000, .size = 1}};
    spec.linux.gid_mappings = {{.container_id = 0, .host_id = 1000, .size = 1}};
    spec.linux.resources = spec::Resources{};
    auto facts = sample::rootless_host();
    CHECK(compile(spec, facts, sample::options())->cgroups.size() == 1);
    facts.cgroups[0].delegated = Ability::Missing;
    const auto plan = compile(spec, facts, sample::options());
    REQUIRE(plan);
    CHECK(plan->cgroups.empty());
    REQUIRE(plan->warnings.size() == 1);
    CHECK(plan->warnings[0].pointer == "/linux/resources");
    auto options = sample::options();
    options.cgroup_driver = CgroupDriver::Systemd;
    CHECK(compile(spec, facts, options)->cgroups.size() == 1);
    spec.linux.cgroups_path = "/user.slice/web1";
    CHECK(compile(spec, facts, sample::options())->cgroups.size() == 1);
}

TEST_CASE("limits without a cgroup are left out with a warning") {
    auto spec = sample::engine_like();
    auto options = sample::options();
    options.cgroup_driver = CgroupDriver::Disabled;
    const auto plan = compile(spec, sample::hybrid_host(), options);
    REQUIRE(plan);
    CHECK(plan->cgroups.empty());
    REQUIRE(plan->warnings.size() == 1);
    CHECK(plan->warnings[0].pointer == "/linux/resources");
}

TEST_CASE("the view of v1 has every hierarchy by its names") {
    const auto mount = view(sample::hybrid_host());
    CHECK_FALSE(mount.unified);
    REQUIRE(mount.views.size() == 8);
    CHECK(mount.views[0].name == "cpu,cpuacct");
    CHECK(mount.views[0].symlinks == Texts{"cpu", "cpuacct"});
    CHECK(mount.views[0].options == Texts{"cpu", "cpuacct"});
    CHECK(mount.views[0].host_path == "/sys/fs/cgroup/cpu,cpuacct/docker/web1");
    CHECK(mount.views[6].name == "systemd");
    CHECK(mount.views[6].options == Texts{"none", "name=systemd"});
    CHECK(mount.views[7].name == "unified");
    CHECK(mount.views[7].options.empty());
    CHECK(mount.flags.set == kMountReadonly);
}

TEST_CASE("the view of v2 is the container's own cgroup, or cleat's if it has none") {
    CHECK(view(sample::unified_host()).unified);
    CHECK(view(sample::unified_host()).host_path == "/sys/fs/cgroup/docker/web1");
    CHECK(view(sample::unified_host(), CgroupDriver::Disabled).host_path ==
          "/sys/fs/cgroup/system.slice/engine.service");
}

TEST_CASE("a cgroup2 mount shows the v2 hierarchy of a hybrid host, and needs one") {
    auto spec = sample::minimal();
    spec.mounts = {sample::mount("/sys/fs/cgroup", "cgroup2", "cgroup2")};
    sample::add_namespace(spec, spec::NamespaceType::Cgroup);
    const auto plan = compile(spec, sample::hybrid_host(), sample::options());
    REQUIRE(plan);
    const auto mount = sample::all<MountCgroups>(plan->init).at(0);
    CHECK(mount.unified);
    CHECK(mount.own_namespace);
    CHECK(mount.host_path == "/sys/fs/cgroup/unified/web1");
    const auto refused = compile(spec, sample::legacy_host(), sample::options());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().pointer == "/mounts/0/type");
}

}  // namespace cleat::plan

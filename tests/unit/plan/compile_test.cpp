// Every combination of what changes the order of a plan, held against the invariants.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <span>

#include "cleat/base/text.hpp"
#include "sample.hpp"

namespace cleat::plan {
namespace {

using sample::add_namespace;

struct Variant {
    const char* name;
    std::function<void(spec::Spec&)> change;
};

void add_hooks(spec::Spec& spec) {
    const spec::Hook hook{.path = "/bin/hook", .args = {}, .env = {}, .timeout = {}};
    spec.hooks = spec::Hooks{.prestart = {hook},
                             .create_runtime = {hook},
                             .create_container = {hook},
                             .start_container = {hook},
                             .poststart = {hook},
                             .poststop = {hook}};
}

void map_ids(spec::Spec& spec) {
    add_namespace(spec, spec::NamespaceType::User);
    spec.linux.uid_mappings = {{.container_id = 0, .host_id = 1000, .size = 1}};
    spec.linux.gid_mappings = spec.linux.uid_mappings;
}

const Variant kVariants[] = {
    {"user namespace", map_ids},
    {"joined network",
     [](auto& spec) { add_namespace(spec, spec::NamespaceType::Network, "/run/ns/net"); }},
    {"joined pid",
     [](auto& spec) { add_namespace(spec, spec::NamespaceType::Pid, "/run/ns/pid"); }},
    {"cgroup namespace", [](auto& spec) { add_namespace(spec, spec::NamespaceType::Cgroup); }},
    {"hooks", add_hooks},
    {"terminal and read-only root",
     [](auto& spec) {
         spec.process->terminal = true;
         spec.root->readonly = true;
         spec.linux.rootfs_propagation = "rshared";
     }},
    {"seccomp", [](auto& spec) { spec.linux.seccomp = spec::Seccomp{}; }},
    {"no new privileges", [](auto& spec) { spec.process->no_new_privileges = true; }},
};
constexpr std::size_t kCombinations = std::size_t{1} << std::size(kVariants);

spec::Spec combined(std::size_t bits) {
    spec::Spec spec = sample::minimal();
    sample::use_engine_defaults(spec);
    for (std::size_t i = 0; i < std::size(kVariants); ++i)
        if ((bits >> i & 1U) != 0) kVariants[i].change(spec);
    return spec;
}

std::string names(std::size_t bits) {
    std::string text;
    for (std::size_t i = 0; i < std::size(kVariants); ++i)
        if ((bits >> i & 1U) != 0) text += concat(kVariants[i].name, ", ");
    return text;
}

Plan compiled(const spec::Spec& spec, const HostFacts& facts) {
    auto plan = compile(spec, facts, sample::options());
    REQUIRE_MESSAGE(plan, plan.error().what);
    return *std::move(plan);
}

}  // namespace

TEST_CASE("no combination of properties breaks an invariant on any host") {
    for (const auto& facts : {sample::hybrid_host(), sample::legacy_host(), sample::unified_host(),
                              sample::rootless_host(), sample::root_host()}) {
        for (std::size_t bits = 0; bits < kCombinations; ++bits) {
            auto spec = combined(bits);
            if (facts.cgroups.empty())
                std::erase_if(spec.mounts,
                              [](const auto& mount) { return mount.type == "cgroup"; });
            const auto plan = compile(spec, facts, sample::options());
            CAPTURE(names(bits));
            if (!plan && facts.euid != Uid{0}) {
                CHECK(plan.error().what.find("needs a user namespace") != std::string::npos);
                continue;
            }
            REQUIRE(plan);
            CHECK(broken_invariants(*plan) == std::vector<std::string>{});
        }
    }
}

TEST_CASE("steps come from properties or from none, never from something else") {
    const auto plan = compiled(combined(kCombinations - 1), sample::hybrid_host());
    for (const auto* list : {&plan.host, &plan.joiner, &plan.init})
        for (const auto& step : *list) CHECK((step.origin.empty() || step.origin[0] == '/'));
}

TEST_CASE("the same container has the same plan every time") {
    const auto spec = combined(kCombinations - 1);
    CHECK(print_json(compiled(spec, sample::hybrid_host())) ==
          print_json(compiled(spec, sample::hybrid_host())));
}

TEST_CASE("run goes on by itself, create waits for start") {
    auto options = sample::options();
    const auto create = compile(sample::minimal(), sample::root_host(), options);
    options.begin = Options::Begin::AtOnce;
    const auto run = compile(sample::minimal(), sample::root_host(), options);
    REQUIRE((create && run));
    CHECK(sample::all<AwaitStart>(create->init).size() == 1);
    CHECK(sample::all<AwaitStart>(run->init).empty());
}

TEST_CASE("a container without a process is created, and has nothing to run") {
    auto spec = sample::minimal();
    add_hooks(spec);
    spec.process.reset();
    const auto create = compiled(spec, sample::hybrid_host());
    CHECK(broken_invariants(create) == std::vector<std::string>{});
    CHECK(sample::all<AwaitStart>(create.init).size() == 1);
    CHECK(sample::all<FindExecutable>(create.init).empty());
    for (const auto& hooks : sample::all<RunHooks>(create.init))
        CHECK(hooks.kind != HookKind::StartContainer);
    auto options = sample::options();
    options.begin = Options::Begin::AtOnce;
    const auto run = compile(spec, sample::hybrid_host(), options);
    REQUIRE_FALSE(run);
    CHECK(run.error().pointer == "/process");
}

TEST_CASE("a limit of no processes meant no limit before version 1.3") {
    auto spec = sample::minimal();
    spec.linux.resources = spec::Resources{};
    spec.linux.resources->pids = spec::Pids{.limit = 0};
    spec.oci_version = "1.0.2-dev";
    CHECK(sample::writes(compiled(spec, sample::legacy_host()).host).back() == "pids.max=max");
    spec.oci_version = "1.3.0";
    CHECK(sample::writes(compiled(spec, sample::legacy_host()).host).back() == "pids.max=1");
}

TEST_CASE("an update reads a pids limit of 0 by the version of the config") {
    spec::Resources resources;
    resources.pids = spec::Pids{.limit = 0};
    UpdateOptions options{.cgroups = {{.controllers = {"pids"},
                                       .mountpoint = "/sys/fs/cgroup/pids",
                                       .path = "/x",
                                       .unified = false}},
                          .oci_version = "1.0.2"};
    CHECK(compile_update(resources, options)->host.empty());
    options.oci_version = "1.3.0";
    const auto plan = compile_update(resources, options);
    REQUIRE(plan->host.size() == 1);
    CHECK(std::get<WriteCgroup>(plan->host[0].action).value == "1");
}

TEST_CASE("a swappiness of -1, as engines write it, is no value") {
    auto spec = sample::minimal();
    spec.linux.resources = spec::Resources{};
    spec.linux.resources->memory = spec::Memory{.swappiness = UINT64_MAX};
    for (const auto& host : {sample::legacy_host(), sample::unified_host()})
        for (const auto& write : sample::writes(compiled(spec, host).host))
            CHECK(write.find("swappiness") == std::string::npos);
}

TEST_CASE("what cannot be had is refused before anything is touched, by name") {
    struct Case {
        const char* pointer;
        std::function<void(spec::Spec&)> change;
    };
    const Case cases[] = {
        {"/root", [](auto& spec) { spec.root.reset(); }},
        {"/process/apparmorProfile",
         [](auto& spec) { spec.process->apparmor_profile = "docker-default"; }},
        {"/process/selinuxLabel", [](auto& spec) { spec.process->selinux_label = "a:b:c:s0"; }},
        {"/linux/mountLabel", [](auto& spec) { spec.linux.mount_label = "a:b:c:s0"; }},
        {"/linux/intelRdt", [](auto& spec) { spec.linux.intel_rdt.emplace(); }},
        {"/linux/rootfsPropagation", [](auto& spec) { spec.linux.rootfs_propagation = "rust"; }},
        {"/process/rlimits/0/type",
         [](auto& spec) { spec.process->rlimits = {{.type = "RLIMIT_FUN"}}; }},
        {"/process/scheduler/flags/1",
         [](auto& spec) {
             spec.process->scheduler = spec::Scheduler{
                 .policy = "SCHED_OTHER",
                 .flags = {"SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_UTIL_CLAMP_MAX"}};
         }},
        {"/linux/gidMappings",
         [](auto& spec) {
             sample::add_namespace(spec, spec::NamespaceType::User);
             spec.linux.uid_mappings = {{.container_id = 0, .host_id = 1000, .size = 2}};
             spec.linux.gid_mappings = {{.container_id = 1, .host_id = 1000, .size = 2}};
         }},
        {"/linux/personality/domain",
         [](auto& spec) { spec.linux.personality = spec::Personality{.domain = "BSD"}; }},
    };
    for (const auto& [pointer, change] : cases) {
        auto spec = sample::minimal();
        change(spec);
        const auto plan = compile(spec, sample::hybrid_host(), sample::options());
        CAPTURE(pointer);
        REQUIRE_FALSE(plan);
        CHECK(plan.error().pointer == pointer);
    }
}

TEST_CASE("who is not root is told to bring a user namespace") {
    const auto plan = compile(sample::minimal(), sample::rootless_host(), sample::options());
    REQUIRE_FALSE(plan);
    CHECK(plan.error().pointer == "/linux/namespaces");
    CHECK(plan.error().what.find("needs a user namespace") != std::string::npos);
}

TEST_CASE("an unconfined process needs no AppArmor") {
    auto spec = sample::minimal();
    spec.process->apparmor_profile = "unconfined";
    CHECK(compile(spec, sample::root_host(), sample::options()));
}

TEST_CASE("a kernel without time namespaces is said to be one") {
    auto spec = sample::minimal();
    add_namespace(spec, spec::NamespaceType::Time);
    auto facts = sample::root_host();
    facts.new_time_namespace = Ability::Missing;
    const auto plan = compile(spec, facts, sample::options());
    REQUIRE_FALSE(plan);
    CHECK(plan.error().pointer == "/linux/namespaces/1");
}

}  // namespace cleat::plan

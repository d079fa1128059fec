// Whole plans, to be read by people: golden/NAME.txt. CLEAT_WRITE_GOLDEN=1 writes them anew.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "../../../src/plan/numbers.hpp"
#include "cleat/base/text.hpp"
#include "sample.hpp"

namespace cleat::plan {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File open_golden(const char* name, const char* mode) {
    return {std::fopen(concat(CLEAT_GOLDEN_DIRECTORY, "/", name, ".txt").c_str(), mode),
            std::fclose};
}

std::string read_golden(const char* name) {
    std::string text;
    const File file = open_golden(name, "r");
    if (file == nullptr) return text;
    char buffer[4096];
    while (const auto size = std::fread(buffer, 1, sizeof buffer, file.get()))
        text.append(buffer, size);
    return text;
}

void compare(const char* name, const Result<Plan>& plan) {
    REQUIRE_MESSAGE(plan, plan.error().what);
    CHECK(broken_invariants(*plan) == std::vector<std::string>{});
    const std::string text = print_text(*plan);
    if (std::getenv("CLEAT_WRITE_GOLDEN") != nullptr) {
        const File file = open_golden(name, "w");
        REQUIRE(file != nullptr);
        std::fwrite(text.data(), 1, text.size(), file.get());
    }
    CHECK(text == read_golden(name));
}

/// A container of a pod: three namespaces are the pod's.
spec::Spec pod_member() {
    auto spec = sample::engine_like();
    for (auto& ns : spec.linux.namespaces)
        if (ns.type == spec::NamespaceType::Network || ns.type == spec::NamespaceType::Ipc ||
            ns.type == spec::NamespaceType::Uts)
            ns.path = concat("/proc/4711/ns/", ns.type == spec::NamespaceType::Ipc   ? "ipc"
                                               : ns.type == spec::NamespaceType::Uts ? "uts"
                                                                                     : "net");
    sample::add_namespace(spec, spec::NamespaceType::Cgroup);
    spec.hostname.clear();
    spec.process->oom_score_adj = 985;
    spec.process->no_new_privileges = true;
    spec.linux.cgroups_path = "/kubepods/burstable/pod7/web1";
    spec.linux.resources->unified = {{"memory.high", "500000000"}};
    spec.linux.resources->memory->check_before_update = true;
    return spec;
}

/// One user on a host that is not his.
spec::Spec rootless() {
    auto spec = sample::minimal();
    spec.oci_version = "1.3.0";
    for (const auto type : {spec::NamespaceType::Pid, spec::NamespaceType::User,
                            spec::NamespaceType::Uts, spec::NamespaceType::Ipc})
        sample::add_namespace(spec, type);
    sample::use_engine_defaults(spec);
    spec.linux.uid_mappings = {{.container_id = 0, .host_id = 1000, .size = 1}};
    spec.linux.gid_mappings = spec.linux.uid_mappings;
    spec.process->env = {"PATH=/bin"};
    return spec;
}

/// Ids shifted, hooks of all kinds, a terminal, a read-only root.
spec::Spec everything() {
    auto spec = sample::remapped();
    const auto hook = [](const char* path) {
        return spec::Hook{.path = path, .args = {}, .env = {}, .timeout = {}};
    };
    spec.hooks = spec::Hooks{.prestart = {hook("/hooks/prestart")},
                             .create_runtime = {hook("/hooks/network")},
                             .create_container = {hook("/hooks/container")},
                             .start_container = {hook("/hooks/start")},
                             .poststart = {},
                             .poststop = {}};
    spec.process->terminal = true;
    spec.process->console_size = spec::Box{.height = 24, .width = 80};
    spec.process->user = {
        .uid = Uid{1000}, .gid = Gid{1000}, .umask = 027, .additional_gids = {Gid{5}, Gid{10}}};
    spec.process->rlimits = {{.type = "RLIMIT_NOFILE", .soft = 1024, .hard = 4096}};
    spec.root->readonly = true;
    spec.linux.rootfs_propagation = "rslave";
    spec.linux.sysctl = {{"net.ipv4.ip_unprivileged_port_start", "0"}};
    spec.linux.devices = {{.path = "/dev/fuse",
                           .type = "c",
                           .major = 10,
                           .minor = 229,
                           .file_mode = {},
                           .uid = {},
                           .gid = {}}};
    spec.linux.intel_rdt = spec::IntelRdt{.clos_id = "gold",
                                          .schemata = {"L2:0=f"},
                                          .l3_cache_schema = "L3:0=7f0",
                                          .mem_bw_schema = "MB:0=20",
                                          .enable_monitoring = true};
    spec.mounts.push_back(sample::mount("/data", "bind", "data", {"rbind", "rro", "nosuid"}));
    return spec;
}

/// Every resource of v1, and what of a process the others leave out.
spec::Spec limits() {
    auto spec = sample::minimal();
    for (const auto type :
         {spec::NamespaceType::Uts, spec::NamespaceType::Network, spec::NamespaceType::Time})
        sample::add_namespace(spec, type);
    auto& process = *spec.process;
    process.apparmor_profile = "confined";
    process.selinux_label = "a:b:c:s0";
    process.scheduler = spec::Scheduler{.policy = "SCHED_DEADLINE",
                                        .nice = 5,
                                        .flags = {"SCHED_FLAG_RESET_ON_FORK"},
                                        .runtime = 1000000,
                                        .deadline = 2000000,
                                        .period = 3000000};
    process.io_priority = spec::IoPriority{.class_ = "IOPRIO_CLASS_BE", .priority = 3};
    spec.domainname = "example";
    spec.mounts = {sample::mount("/tmp", "tmpfs", "tmpfs")};
    auto& linux = spec.linux;
    linux.time_offsets = {{"boottime", {.secs = 5, .nanosecs = 7}}};
    linux.net_devices = {{"eth0", {.name = "lan%d"}}};
    linux.mount_label = "a:b:d:s0";
    linux.memory_policy =
        spec::MemoryPolicy{.mode = "MPOL_BIND", .nodes = "0", .flags = {"MPOL_F_STATIC_NODES"}};
    linux.personality = spec::Personality{.domain = "LINUX32", .flags = {}};
    spec::Resources resources;
    resources.memory = spec::Memory{.limit = 1 << 30,
                                    .reservation = 1 << 29,
                                    .swap = 1 << 30,
                                    .kernel = 1 << 28,
                                    .kernel_tcp = 1 << 20,
                                    .swappiness = 7,
                                    .disable_oom_killer = true,
                                    .use_hierarchy = true};
    resources.cpu = spec::Cpu{.shares = 512,
                              .quota = 50000,
                              .burst = 10000,
                              .period = 100000,
                              .realtime_runtime = 5000,
                              .realtime_period = 100000,
                              .cpus = "0-1",
                              .mems = "0",
                              .idle = 0};
    const std::vector<spec::ThrottleDevice> disk = {{.major = 8, .minor = 0, .rate = 1 << 20}};
    resources.block_io = spec::BlockIo{.weight = 100,
                                       .weight_device = {{.major = 8, .minor = 0, .weight = 200}},
                                       .throttle_read_bps_device = disk,
                                       .throttle_write_bps_device = disk,
                                       .throttle_read_iops_device = disk,
                                       .throttle_write_iops_device = disk};
    resources.hugepage_limits = {{.page_size = "2MB", .limit = 1 << 24}};
    resources.network = spec::Network{.class_id = 7, .priorities = {{.name = "lo", .priority = 3}}};
    resources.rdma = {{"mlx5_0", {.hca_handles = 2, .hca_objects = 3}}};
    linux.resources = std::move(resources);
    return spec;
}

HostFacts old_host_with_everything() {
    auto facts = sample::legacy_host();
    for (const char* name : {"net_cls", "net_prio", "hugetlb", "rdma"})
        facts.cgroups.push_back(sample::v1({name}, name));
    facts.apparmor = facts.selinux = Ability::Present;
    return facts;
}

}  // namespace

TEST_CASE("every limit of cgroup v1, and a process with numbers and labels of its own") {
    compare("limits", compile(limits(), old_host_with_everything(), sample::options()));
}

TEST_CASE("docker run on a hybrid host") {
    compare("docker", compile(sample::engine_like(), sample::hybrid_host(), sample::options()));
}

TEST_CASE("a container of a pod on a unified host") {
    compare("pod", compile(pod_member(), sample::unified_host(), sample::options()));
}

TEST_CASE("a rootless container") {
    auto options = sample::options();
    options.begin = Options::Begin::AtOnce;
    compare("rootless", compile(rootless(), sample::rootless_host(), options));
}

TEST_CASE("a container that asks for almost everything") {
    auto facts = sample::legacy_host();
    facts.resctrl = "/sys/fs/resctrl";
    compare("everything", compile(everything(), facts, sample::options()));
}

TEST_CASE("new namespaces that belong to a user namespace which is joined") {
    auto spec = sample::minimal();
    sample::add_namespace(spec, spec::NamespaceType::User, "/proc/4711/ns/user");
    sample::add_namespace(spec, spec::NamespaceType::Network, "/proc/4711/ns/net");
    sample::add_namespace(spec, spec::NamespaceType::Pid);
    compare("joiner", compile(spec, sample::unified_host(), sample::options()));
}

TEST_CASE("exec in a running container") {
    MemberOptions options;
    options.namespaces = kCloneNewPid | kCloneNewMount | kCloneNewNet | kCloneNewIpc | kCloneNewUts;
    options.cgroups = {{.controllers = {"memory"},
                        .mountpoint = "/sys/fs/cgroup/memory",
                        .path = "/docker/web1",
                        .unified = false}};
    const auto spec = sample::engine_like();
    auto process = *spec.process;
    process.args = {"ps", "-ef"};
    process.exec_cpu_affinity = spec::ExecCpuAffinity{.initial = "0", .final_ = "0-1"};
    compare("exec", compile_member(spec, process, sample::legacy_host(), options));
}

}  // namespace cleat::plan

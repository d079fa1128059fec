// Containers and machines that the tests of plan are about.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cleat/plan/plan.hpp"

namespace cleat::plan::sample {

inline constexpr std::uint64_t kAllCapabilities = (std::uint64_t{1} << 41U) - 1;

inline HostFacts root_host() {
    HostFacts facts;
    facts.capabilities = kAllCapabilities;
    facts.last_capability = 40;
    facts.new_time_namespace = Ability::Present;
    facts.kernel_major = 6;
    return facts;
}

inline CgroupHierarchy v1(std::vector<std::string> controllers, const std::string& name) {
    return {.controllers = std::move(controllers),
            .mountpoint = "/sys/fs/cgroup/" + name,
            .mount_root = "/",
            .own_path = "/"};
}

inline HostFacts legacy_host() {
    HostFacts facts = root_host();
    facts.cgroup_mode = CgroupMode::Legacy;
    facts.cgroups = {v1({"cpu", "cpuacct"}, "cpu,cpuacct"),
                     v1({"cpuset"}, "cpuset"),
                     v1({"memory"}, "memory"),
                     v1({"devices"}, "devices"),
                     v1({"blkio"}, "blkio"),
                     v1({"pids"}, "pids"),
                     v1({"name=systemd"}, "systemd")};
    facts.cgroups[2].own_path = "/jobs/7";
    return facts;
}

/// v1 with a v2 hierarchy beside it that has the one controller which v1 has not.
inline HostFacts hybrid_host() {
    HostFacts facts = legacy_host();
    facts.cgroup_mode = CgroupMode::Hybrid;
    auto unified = v1({"hugetlb"}, "unified");
    unified.unified = true;
    facts.cgroups.push_back(unified);
    return facts;
}

inline HostFacts unified_host() {
    HostFacts facts = root_host();
    facts.cgroup_mode = CgroupMode::Unified;
    facts.cgroups = {{.controllers = {"cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma"},
                      .mountpoint = "/sys/fs/cgroup",
                      .mount_root = "/",
                      .own_path = "/system.slice/engine.service",
                      .unified = true}};
    return facts;
}

inline HostFacts rootless_host() {
    HostFacts facts = unified_host();
    facts.euid = Uid{1000};
    facts.egid = Gid{1000};
    facts.capabilities = 0;
    facts.cgroups[0].own_path = "/user.slice/session.scope";
    return facts;
}

inline Options options(std::string_view id = "web1") {
    return {.id = *ContainerId::parse(id), .bundle = "/run/bundle"};
}

inline void add_namespace(spec::Spec& spec, spec::NamespaceType type,
                          const std::string& path = "") {
    spec.linux.namespaces.push_back({.type = type, .path = path});
}

/// The least that a container needs.
inline spec::Spec minimal() {
    spec::Spec spec;
    spec.oci_version = "1.3.0";
    spec.root = spec::Root{.path = "rootfs"};
    spec.process = spec::Process{};
    spec.process->args = {"/bin/true"};
    spec.process->env = {"PATH=/bin", "HOME=/root"};
    spec.process->cwd = "/";
    add_namespace(spec, spec::NamespaceType::Mount);
    return spec;
}

inline spec::Mount mount(const std::string& destination, const std::string& type,
                         const std::string& source, std::vector<std::string> options = {}) {
    return {.destination = destination,
            .type = type,
            .source = source,
            .options = std::move(options),
            .uid_mappings = {},
            .gid_mappings = {}};
}

/// Rules as an engine sends them: nothing, then some.
inline std::vector<spec::DeviceRule> engine_device_rules() {
    return {{.allow = false, .type = "", .major = {}, .minor = {}, .access = "rwm"},
            {.allow = true, .type = "c", .major = 1, .minor = 3, .access = "rwm"}};
}

inline void use_engine_defaults(spec::Spec& spec) {
    const std::vector<std::string> caps{"CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
    spec.process->capabilities = spec::Capabilities{
        .bounding = caps, .effective = caps, .inheritable = {}, .permitted = caps, .ambient = {}};
    spec.process->oom_score_adj = 0;
    spec.mounts = {
        mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
        mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
        mount("/dev/pts", "devpts", "devpts",
              {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
        mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
        mount("/sys/fs/cgroup", "cgroup", "cgroup", {"ro", "nosuid", "noexec", "nodev"}),
        mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
        mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777"}),
        mount("/etc/hosts", "bind", "/var/lib/engine/hosts", {"rbind", "rprivate"}),
    };
    spec.linux.masked_paths = {"/proc/kcore", "/sys/firmware"};
    spec.linux.readonly_paths = {"/proc/sys"};
}

/// What Docker makes of `docker run`.
inline spec::Spec engine_like() {
    spec::Spec spec = minimal();
    spec.hostname = "b5a2f5c1d2e3";
    for (const auto type : {spec::NamespaceType::Network, spec::NamespaceType::Uts,
                            spec::NamespaceType::Pid, spec::NamespaceType::Ipc})
        add_namespace(spec, type);
    use_engine_defaults(spec);
    spec.linux.cgroups_path = "/docker/web1";
    spec::Resources resources;
    resources.devices = engine_device_rules();
    resources.memory = spec::Memory{.limit = 512 << 20, .swap = 1 << 30};
    resources.cpu = spec::Cpu{.shares = 1024, .quota = 200000, .period = 100000};
    resources.pids = spec::Pids{.limit = 512};
    resources.block_io = spec::BlockIo{.weight = 0};
    spec.linux.resources = resources;
    spec::Seccomp seccomp;
    seccomp.default_action = spec::SeccompAction::Errno;
    seccomp.syscalls = {{.names = {"read", "write"}, .action = spec::SeccompAction::Allow}};
    spec.linux.seccomp = seccomp;
    return spec;
}

/// All ids shifted, as for `dockerd --userns-remap`.
inline spec::Spec remapped() {
    spec::Spec spec = engine_like();
    add_namespace(spec, spec::NamespaceType::User);
    spec.linux.uid_mappings = {{.container_id = 0, .host_id = 100000, .size = 65536}};
    spec.linux.gid_mappings = spec.linux.uid_mappings;
    return spec;
}

/// The kinds of the steps of one list.
inline std::vector<std::string_view> kinds(const std::vector<Step>& steps) {
    std::vector<std::string_view> found;
    for (const auto& step : steps) found.push_back(kind_of(step.action));
    return found;
}

/// Every step of one kind in a list.
template <class Kind>
std::vector<Kind> all(const std::vector<Step>& steps) {
    std::vector<Kind> found;
    for (const auto& step : steps)
        if (const auto* kind = std::get_if<Kind>(&step.action)) found.push_back(*kind);
    return found;
}

/// "memory.max=1024" for each write to a cgroup file.
inline std::vector<std::string> writes(const std::vector<Step>& steps) {
    std::vector<std::string> found;
    for (const auto& write : all<WriteCgroup>(steps))
        found.push_back(write.file + "=" + write.value +
                        (write.on_failure == OnFailure::Ignore ? "?" : ""));
    return found;
}

}  // namespace cleat::plan::sample

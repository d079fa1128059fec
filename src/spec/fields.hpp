// Room: spec. The properties of every object, one table each: from these alone a document is
// decoded, written, searched for unknown properties, and listed.
#pragma once

#include <string_view>
#include <tuple>

#include "cleat/spec/config.hpp"

namespace cleat::spec {

enum class Presence { Optional, Required };

template <class Owner, class Member>
struct Field {
    std::string_view name;
    Member Owner::* member;
    Presence presence = Presence::Optional;
};
template <class Owner, class Member>
Field(std::string_view, Member Owner::*) -> Field<Owner, Member>;
template <class Owner, class Member>
Field(std::string_view, Member Owner::*, Presence) -> Field<Owner, Member>;

inline constexpr Presence kRequired = Presence::Required;

/// The table of `Struct`; structs without one are no JSON objects.
template <class Struct>
struct Table;

#define CLEAT_TABLE(Struct, ...)                                 \
    template <>                                                  \
    struct Table<Struct> {                                       \
        static constexpr auto kFields = std::tuple{__VA_ARGS__}; \
    }

CLEAT_TABLE(Box, Field{"height", &Box::height, kRequired}, Field{"width", &Box::width, kRequired});
CLEAT_TABLE(User, Field{"uid", &User::uid}, Field{"gid", &User::gid}, Field{"umask", &User::umask},
            Field{"additionalGids", &User::additional_gids});
CLEAT_TABLE(Capabilities, Field{"bounding", &Capabilities::bounding},
            Field{"effective", &Capabilities::effective},
            Field{"inheritable", &Capabilities::inheritable},
            Field{"permitted", &Capabilities::permitted}, Field{"ambient", &Capabilities::ambient});
CLEAT_TABLE(Rlimit, Field{"type", &Rlimit::type, kRequired},
            Field{"soft", &Rlimit::soft, kRequired}, Field{"hard", &Rlimit::hard, kRequired});
CLEAT_TABLE(Scheduler, Field{"policy", &Scheduler::policy, kRequired},
            Field{"nice", &Scheduler::nice}, Field{"priority", &Scheduler::priority},
            Field{"flags", &Scheduler::flags}, Field{"runtime", &Scheduler::runtime},
            Field{"deadline", &Scheduler::deadline}, Field{"period", &Scheduler::period});
CLEAT_TABLE(IoPriority, Field{"class", &IoPriority::class_, kRequired},
            Field{"priority", &IoPriority::priority});
CLEAT_TABLE(ExecCpuAffinity, Field{"initial", &ExecCpuAffinity::initial},
            Field{"final", &ExecCpuAffinity::final_});
CLEAT_TABLE(Process, Field{"terminal", &Process::terminal},
            Field{"consoleSize", &Process::console_size}, Field{"user", &Process::user},
            Field{"args", &Process::args}, Field{"env", &Process::env},
            Field{"cwd", &Process::cwd, kRequired}, Field{"capabilities", &Process::capabilities},
            Field{"rlimits", &Process::rlimits},
            Field{"noNewPrivileges", &Process::no_new_privileges},
            Field{"apparmorProfile", &Process::apparmor_profile},
            Field{"oomScoreAdj", &Process::oom_score_adj},
            Field{"selinuxLabel", &Process::selinux_label}, Field{"scheduler", &Process::scheduler},
            Field{"ioPriority", &Process::io_priority},
            Field{"execCPUAffinity", &Process::exec_cpu_affinity});
CLEAT_TABLE(Root, Field{"path", &Root::path, kRequired}, Field{"readonly", &Root::readonly});
CLEAT_TABLE(IdMapping, Field{"containerID", &IdMapping::container_id, kRequired},
            Field{"hostID", &IdMapping::host_id, kRequired},
            Field{"size", &IdMapping::size, kRequired});
CLEAT_TABLE(Mount, Field{"destination", &Mount::destination, kRequired},
            Field{"type", &Mount::type}, Field{"source", &Mount::source},
            Field{"options", &Mount::options}, Field{"uidMappings", &Mount::uid_mappings},
            Field{"gidMappings", &Mount::gid_mappings});
CLEAT_TABLE(Hook, Field{"path", &Hook::path, kRequired}, Field{"args", &Hook::args},
            Field{"env", &Hook::env}, Field{"timeout", &Hook::timeout});
CLEAT_TABLE(Hooks, Field{"prestart", &Hooks::prestart},
            Field{"createRuntime", &Hooks::create_runtime},
            Field{"createContainer", &Hooks::create_container},
            Field{"startContainer", &Hooks::start_container}, Field{"poststart", &Hooks::poststart},
            Field{"poststop", &Hooks::poststop});
CLEAT_TABLE(Namespace, Field{"type", &Namespace::type, kRequired}, Field{"path", &Namespace::path});
CLEAT_TABLE(TimeOffset, Field{"secs", &TimeOffset::secs}, Field{"nanosecs", &TimeOffset::nanosecs});
CLEAT_TABLE(NetDevice, Field{"name", &NetDevice::name});
CLEAT_TABLE(Device, Field{"path", &Device::path, kRequired},
            Field{"type", &Device::type, kRequired}, Field{"major", &Device::major},
            Field{"minor", &Device::minor}, Field{"fileMode", &Device::file_mode},
            Field{"uid", &Device::uid}, Field{"gid", &Device::gid});
CLEAT_TABLE(DeviceRule, Field{"allow", &DeviceRule::allow, kRequired},
            Field{"type", &DeviceRule::type}, Field{"major", &DeviceRule::major},
            Field{"minor", &DeviceRule::minor}, Field{"access", &DeviceRule::access});
CLEAT_TABLE(Memory, Field{"limit", &Memory::limit}, Field{"reservation", &Memory::reservation},
            Field{"swap", &Memory::swap}, Field{"kernel", &Memory::kernel},
            Field{"kernelTCP", &Memory::kernel_tcp}, Field{"swappiness", &Memory::swappiness},
            Field{"disableOOMKiller", &Memory::disable_oom_killer},
            Field{"useHierarchy", &Memory::use_hierarchy},
            Field{"checkBeforeUpdate", &Memory::check_before_update});
CLEAT_TABLE(Cpu, Field{"shares", &Cpu::shares}, Field{"quota", &Cpu::quota},
            Field{"burst", &Cpu::burst}, Field{"period", &Cpu::period},
            Field{"realtimeRuntime", &Cpu::realtime_runtime},
            Field{"realtimePeriod", &Cpu::realtime_period}, Field{"cpus", &Cpu::cpus},
            Field{"mems", &Cpu::mems}, Field{"idle", &Cpu::idle});
CLEAT_TABLE(Pids, Field{"limit", &Pids::limit});
CLEAT_TABLE(WeightDevice, Field{"major", &WeightDevice::major, kRequired},
            Field{"minor", &WeightDevice::minor, kRequired}, Field{"weight", &WeightDevice::weight},
            Field{"leafWeight", &WeightDevice::leaf_weight});
CLEAT_TABLE(ThrottleDevice, Field{"major", &ThrottleDevice::major, kRequired},
            Field{"minor", &ThrottleDevice::minor, kRequired},
            Field{"rate", &ThrottleDevice::rate, kRequired});
CLEAT_TABLE(BlockIo, Field{"weight", &BlockIo::weight}, Field{"leafWeight", &BlockIo::leaf_weight},
            Field{"weightDevice", &BlockIo::weight_device},
            Field{"throttleReadBpsDevice", &BlockIo::throttle_read_bps_device},
            Field{"throttleWriteBpsDevice", &BlockIo::throttle_write_bps_device},
            Field{"throttleReadIOPSDevice", &BlockIo::throttle_read_iops_device},
            Field{"throttleWriteIOPSDevice", &BlockIo::throttle_write_iops_device});
CLEAT_TABLE(HugepageLimit, Field{"pageSize", &HugepageLimit::page_size, kRequired},
            Field{"limit", &HugepageLimit::limit, kRequired});
CLEAT_TABLE(InterfacePriority, Field{"name", &InterfacePriority::name, kRequired},
            Field{"priority", &InterfacePriority::priority, kRequired});
CLEAT_TABLE(Network, Field{"classID", &Network::class_id},
            Field{"priorities", &Network::priorities});
CLEAT_TABLE(Rdma, Field{"hcaHandles", &Rdma::hca_handles}, Field{"hcaObjects", &Rdma::hca_objects});
CLEAT_TABLE(Resources, Field{"devices", &Resources::devices}, Field{"memory", &Resources::memory},
            Field{"cpu", &Resources::cpu}, Field{"pids", &Resources::pids},
            Field{"blockIO", &Resources::block_io},
            Field{"hugepageLimits", &Resources::hugepage_limits},
            Field{"network", &Resources::network}, Field{"rdma", &Resources::rdma},
            Field{"unified", &Resources::unified});
CLEAT_TABLE(SeccompArg, Field{"index", &SeccompArg::index, kRequired},
            Field{"value", &SeccompArg::value, kRequired},
            Field{"valueTwo", &SeccompArg::value_two}, Field{"op", &SeccompArg::op, kRequired});
CLEAT_TABLE(SeccompSyscall, Field{"names", &SeccompSyscall::names, kRequired},
            Field{"action", &SeccompSyscall::action, kRequired},
            Field{"errnoRet", &SeccompSyscall::errno_ret}, Field{"args", &SeccompSyscall::args});
CLEAT_TABLE(Seccomp, Field{"defaultAction", &Seccomp::default_action, kRequired},
            Field{"defaultErrnoRet", &Seccomp::default_errno_ret},
            Field{"architectures", &Seccomp::architectures}, Field{"flags", &Seccomp::flags},
            Field{"listenerPath", &Seccomp::listener_path},
            Field{"listenerMetadata", &Seccomp::listener_metadata},
            Field{"syscalls", &Seccomp::syscalls});
CLEAT_TABLE(IntelRdt, Field{"closID", &IntelRdt::clos_id}, Field{"schemata", &IntelRdt::schemata},
            Field{"l3CacheSchema", &IntelRdt::l3_cache_schema},
            Field{"memBwSchema", &IntelRdt::mem_bw_schema},
            Field{"enableMonitoring", &IntelRdt::enable_monitoring});
CLEAT_TABLE(MemoryPolicy, Field{"mode", &MemoryPolicy::mode, kRequired},
            Field{"nodes", &MemoryPolicy::nodes}, Field{"flags", &MemoryPolicy::flags});
CLEAT_TABLE(Personality, Field{"domain", &Personality::domain, kRequired},
            Field{"flags", &Personality::flags});
CLEAT_TABLE(Linux, Field{"namespaces", &Linux::namespaces},
            Field{"uidMappings", &Linux::uid_mappings}, Field{"gidMappings", &Linux::gid_mappings},
            Field{"timeOffsets", &Linux::time_offsets}, Field{"devices", &Linux::devices},
            Field{"netDevices", &Linux::net_devices}, Field{"cgroupsPath", &Linux::cgroups_path},
            Field{"resources", &Linux::resources}, Field{"sysctl", &Linux::sysctl},
            Field{"seccomp", &Linux::seccomp},
            Field{"rootfsPropagation", &Linux::rootfs_propagation},
            Field{"maskedPaths", &Linux::masked_paths},
            Field{"readonlyPaths", &Linux::readonly_paths},
            Field{"mountLabel", &Linux::mount_label}, Field{"intelRdt", &Linux::intel_rdt},
            Field{"memoryPolicy", &Linux::memory_policy},
            Field{"personality", &Linux::personality});
CLEAT_TABLE(Spec, Field{"ociVersion", &Spec::oci_version, kRequired}, Field{"root", &Spec::root},
            Field{"mounts", &Spec::mounts}, Field{"process", &Spec::process},
            Field{"hostname", &Spec::hostname}, Field{"domainname", &Spec::domainname},
            Field{"hooks", &Spec::hooks}, Field{"annotations", &Spec::annotations},
            Field{"linux", &Spec::linux});

#undef CLEAT_TABLE

}  // namespace cleat::spec

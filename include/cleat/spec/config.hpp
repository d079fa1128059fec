// Room: spec (layer 1, pure). config.json of the OCI runtime specification 1.3 (and what its main
// branch added since) for Linux, as types. Members carry the specification's names; an absent
// property is an empty optional, an empty list or an empty text where the specification says that
// these mean the same. Units are the specification's (bytes, microseconds).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cleat/base/ids.hpp"

namespace cleat::spec {

// ---- process (config.md#process) -------------------------------------------------------------

struct Box {
    std::uint32_t height = 0;
    std::uint32_t width = 0;
};

struct User {
    Uid uid;
    Gid gid;
    std::optional<std::uint32_t> umask;
    std::vector<Gid> additional_gids;
};

/// The five sets; names as written ("CAP_CHOWN"), known to this kernel or not.
struct Capabilities {
    std::vector<std::string> bounding;
    std::vector<std::string> effective;
    std::vector<std::string> inheritable;
    std::vector<std::string> permitted;
    std::vector<std::string> ambient;
};

struct Rlimit {
    std::string type;  ///< "RLIMIT_NOFILE"
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
};

struct Scheduler {
    std::string policy;  ///< "SCHED_OTHER", "SCHED_FIFO"…
    std::optional<std::int32_t> nice;
    std::optional<std::int32_t> priority;
    std::vector<std::string> flags;         ///< "SCHED_FLAG_RESET_ON_FORK"…
    std::optional<std::uint64_t> runtime;   ///< nanoseconds
    std::optional<std::uint64_t> deadline;  ///< nanoseconds
    std::optional<std::uint64_t> period;    ///< nanoseconds
};

struct IoPriority {
    std::string class_;  ///< "IOPRIO_CLASS_BE"…
    std::int32_t priority = 0;
};

struct ExecCpuAffinity {
    std::string initial;
    std::string final_;
};

struct Process {
    bool terminal = false;
    std::optional<Box> console_size;
    User user;
    std::vector<std::string> args;
    std::vector<std::string> env;
    std::string cwd;
    std::optional<Capabilities> capabilities;
    std::vector<Rlimit> rlimits;
    bool no_new_privileges = false;
    std::string apparmor_profile;
    std::optional<std::int32_t> oom_score_adj;
    std::string selinux_label;
    std::optional<Scheduler> scheduler;
    std::optional<IoPriority> io_priority;
    std::optional<ExecCpuAffinity> exec_cpu_affinity;
};

// ---- root, mounts, hooks ---------------------------------------------------------------------

struct Root {
    std::string path;
    bool readonly = false;
};

struct IdMapping {
    std::uint32_t container_id = 0;
    std::uint32_t host_id = 0;
    std::uint32_t size = 0;
};

struct Mount {
    std::string destination;
    std::string type;
    std::string source;
    std::vector<std::string> options;
    std::vector<IdMapping> uid_mappings;
    std::vector<IdMapping> gid_mappings;
};

struct Hook {
    std::string path;
    std::vector<std::string> args;
    std::optional<std::vector<std::string>> env;
    std::optional<std::int32_t> timeout;  ///< seconds, greater than zero
};

struct Hooks {
    std::vector<Hook> prestart;
    std::vector<Hook> create_runtime;
    std::vector<Hook> create_container;
    std::vector<Hook> start_container;
    std::vector<Hook> poststart;
    std::vector<Hook> poststop;
};

// ---- linux (config-linux.md) -----------------------------------------------------------------

enum class NamespaceType { Pid, Network, Mount, Ipc, Uts, User, Cgroup, Time };
inline constexpr int kNamespaceTypes = 8;

struct Namespace {
    NamespaceType type = NamespaceType::Pid;
    std::string path;  ///< join this one; empty: make a new one
};

struct TimeOffset {
    std::int64_t secs = 0;
    std::uint32_t nanosecs = 0;
};

struct NetDevice {
    std::string name;  ///< in the container; empty keeps the host's
};

struct Device {
    std::string path;
    std::string type;  ///< "c", "b", "u" or "p"
    std::int64_t major = 0;
    std::int64_t minor = 0;
    std::optional<std::uint32_t> file_mode;
    std::optional<Uid> uid;
    std::optional<Gid> gid;
};

struct DeviceRule {
    bool allow = false;
    std::string type;  ///< "a", "c", "b", or "" for "a"
    std::optional<std::int64_t> major;
    std::optional<std::int64_t> minor;
    /// A composition of r, w and m. Unset means all, as for the other properties.
    std::string access = "rwm";
};

struct Memory {
    std::optional<std::int64_t> limit;
    std::optional<std::int64_t> reservation;
    std::optional<std::int64_t> swap;
    std::optional<std::int64_t> kernel;
    std::optional<std::int64_t> kernel_tcp;
    std::optional<std::uint64_t> swappiness;
    std::optional<bool> disable_oom_killer;
    std::optional<bool> use_hierarchy;
    std::optional<bool> check_before_update;
};

struct Cpu {
    std::optional<std::uint64_t> shares;
    std::optional<std::int64_t> quota;
    std::optional<std::uint64_t> burst;
    std::optional<std::uint64_t> period;
    std::optional<std::int64_t> realtime_runtime;
    std::optional<std::uint64_t> realtime_period;
    std::string cpus;
    std::string mems;
    std::optional<std::int64_t> idle;
};

struct Pids {
    std::optional<std::int64_t> limit;
};

struct WeightDevice {
    std::int64_t major = 0;
    std::int64_t minor = 0;
    std::optional<std::uint16_t> weight;
    std::optional<std::uint16_t> leaf_weight;
};

struct ThrottleDevice {
    std::int64_t major = 0;
    std::int64_t minor = 0;
    std::uint64_t rate = 0;
};

struct BlockIo {
    std::optional<std::uint16_t> weight;
    std::optional<std::uint16_t> leaf_weight;
    std::vector<WeightDevice> weight_device;
    std::vector<ThrottleDevice> throttle_read_bps_device;
    std::vector<ThrottleDevice> throttle_write_bps_device;
    std::vector<ThrottleDevice> throttle_read_iops_device;
    std::vector<ThrottleDevice> throttle_write_iops_device;
};

struct HugepageLimit {
    std::string page_size;  ///< "2MB", "1GB"
    std::uint64_t limit = 0;
};

struct InterfacePriority {
    std::string name;
    std::uint32_t priority = 0;
};

struct Network {
    std::optional<std::uint32_t> class_id;
    std::vector<InterfacePriority> priorities;
};

struct Rdma {
    std::optional<std::uint32_t> hca_handles;
    std::optional<std::uint32_t> hca_objects;
};

struct Resources {
    std::vector<DeviceRule> devices;
    std::optional<Memory> memory;
    std::optional<Cpu> cpu;
    std::optional<Pids> pids;
    std::optional<BlockIo> block_io;
    std::vector<HugepageLimit> hugepage_limits;
    std::optional<Network> network;
    std::map<std::string, Rdma> rdma;
    std::map<std::string, std::string> unified;
};

enum class SeccompAction { Kill, KillProcess, KillThread, Trap, Errno, Trace, Allow, Log, Notify };
enum class SeccompOperator { NotEqual, Less, LessEqual, Equal, GreaterEqual, Greater, MaskedEqual };

struct SeccompArg {
    std::uint32_t index = 0;
    std::uint64_t value = 0;
    std::uint64_t value_two = 0;
    SeccompOperator op = SeccompOperator::Equal;
};

struct SeccompSyscall {
    std::vector<std::string> names;
    SeccompAction action = SeccompAction::Kill;
    std::optional<std::uint32_t> errno_ret;
    std::vector<SeccompArg> args;
};

struct Seccomp {
    SeccompAction default_action = SeccompAction::Kill;
    std::optional<std::uint32_t> default_errno_ret;
    std::vector<std::string> architectures;         ///< "SCMP_ARCH_X86_64"…
    std::optional<std::vector<std::string>> flags;  ///< "SECCOMP_FILTER_FLAG_LOG"…
    std::string listener_path;
    std::string listener_metadata;
    std::vector<SeccompSyscall> syscalls;
};

struct IntelRdt {
    std::string clos_id;
    std::vector<std::string> schemata;
    std::string l3_cache_schema;
    std::string mem_bw_schema;
    bool enable_monitoring = false;
};

struct MemoryPolicy {
    std::string mode;  ///< "MPOL_BIND"…
    std::string nodes;
    std::vector<std::string> flags;
};

struct Personality {
    std::string domain;  ///< "LINUX" or "LINUX32"
    std::vector<std::string> flags;
};

struct Linux {
    std::vector<Namespace> namespaces;
    std::vector<IdMapping> uid_mappings;
    std::vector<IdMapping> gid_mappings;
    std::map<std::string, TimeOffset> time_offsets;  ///< "monotonic", "boottime"
    std::vector<Device> devices;
    std::map<std::string, NetDevice> net_devices;
    std::string cgroups_path;
    std::optional<Resources> resources;
    std::map<std::string, std::string> sysctl;
    std::optional<Seccomp> seccomp;
    std::string rootfs_propagation;
    std::vector<std::string> masked_paths;
    std::vector<std::string> readonly_paths;
    std::string mount_label;
    std::optional<IntelRdt> intel_rdt;
    std::optional<MemoryPolicy> memory_policy;
    std::optional<Personality> personality;
};

/// A whole config.json.
struct Spec {
    std::string oci_version;
    std::optional<Root> root;
    std::vector<Mount> mounts;
    std::optional<Process> process;
    std::string hostname;
    std::string domainname;
    std::optional<Hooks> hooks;
    std::map<std::string, std::string> annotations;
    Linux linux;
};

}  // namespace cleat::spec

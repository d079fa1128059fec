// Room: plan. Files of cgroup v1 (kernel documentation, admin-guide/cgroup-v1/).
#include <algorithm>

#include "cleat/base/text.hpp"
#include "resources.hpp"

namespace cleat::plan {
namespace {

// The CFQ scheduler went with Linux 5.0, and took blkio.leaf_weight and blkio.weight with it.
constexpr std::string_view kNoLeafWeight = "the kernel has had no leaf weights since Linux 5.0";

/// The kernel keeps limit <= memsw at every moment (memory.rst, 2.4). In a new cgroup memsw is
/// unlimited, so the limit goes first. In one in use memsw makes room first if it is to grow; if it
/// is to shrink that write is refused, the limit shrinks, and memsw follows.
void write_limits(const spec::Memory& memory, CgroupAge age, Controller& out) {
    constexpr const char* kLimit = "memory.limit_in_bytes";
    constexpr const char* kLimitAndSwap = "memory.memsw.limit_in_bytes";
    const bool lifted = memory.limit == kUnlimited;
    // Without memsw no limit is above it: an unlimited memory means unlimited swap, too.
    const auto swap = is_set(memory.swap) ? memory.swap : lifted ? memory.limit : std::nullopt;
    if (swap && (lifted || age == CgroupAge::InUse))
        out.write("swap", kLimitAndSwap, concat(*swap), OnFailure::Ignore);
    if (is_set(memory.limit)) out.write("limit", kLimit, concat(*memory.limit));
    // A kernel that does not count swap has no such file, and limits nothing.
    if (is_set(memory.swap))
        out.write("swap", kLimitAndSwap, concat(*memory.swap),
                  *memory.swap == kUnlimited ? OnFailure::Ignore : OnFailure::Refuse);
}

void write_devices(std::string_view property, const std::string& file,
                   const std::vector<spec::ThrottleDevice>& devices, Controller& out) {
    for (std::size_t i = 0; i < devices.size(); ++i) {
        const auto& [major, minor, rate] = devices[i];
        out.write(concat(property, "/", i), file, concat(major, ":", minor, " ", rate));
    }
}

}  // namespace

void write_memory_v1(const spec::Memory& memory, CgroupAge age, Controller& out) {
    write_limits(memory, age, out);
    if (is_set(memory.reservation))
        out.write("reservation", "memory.soft_limit_in_bytes", concat(*memory.reservation));
    // Kernel memory is counted as memory; the file has refused all writes since Linux 5.16.
    if (is_set(memory.kernel))
        out.write("kernel", "memory.kmem.limit_in_bytes", concat(*memory.kernel),
                  OnFailure::Ignore);
    if (is_set(memory.kernel_tcp))
        out.write("kernelTCP", "memory.kmem.tcp.limit_in_bytes", concat(*memory.kernel_tcp),
                  *memory.kernel_tcp == kUnlimited ? OnFailure::Ignore : OnFailure::Refuse);
    if (has_swappiness(memory))
        out.write("swappiness", "memory.swappiness", concat(*memory.swappiness));
    const bool disable = memory.disable_oom_killer.value_or(false);
    if (disable || (memory.disable_oom_killer && age == CgroupAge::InUse))
        out.write("disableOOMKiller", "memory.oom_control", disable ? "1" : "0");
    if (memory.use_hierarchy && !*memory.use_hierarchy)
        out.refuse("useHierarchy", "it cannot be switched off since Linux 5.11");
}

/// idle and shares exclude each other in the kernel while idle is 1.
void write_cpu_v1(const spec::Cpu& cpu, CgroupAge age, Controller& out) {
    const bool wake = cpu.idle && *cpu.idle == 0;
    if (wake && age == CgroupAge::InUse) out.write("idle", "cpu.idle", "0");
    if (is_set(cpu.shares)) out.write("shares", "cpu.shares", concat(*cpu.shares));
    if (cpu.idle && !wake) out.write("idle", "cpu.idle", concat(*cpu.idle));
    // A burst must fit in the quota: an old one may stand in the way, the new one comes after.
    if (cpu.burst && age == CgroupAge::InUse)
        out.write("burst", "cpu.cfs_burst_us", concat(*cpu.burst), OnFailure::Ignore);
    if (is_set(cpu.period)) out.write("period", "cpu.cfs_period_us", concat(*cpu.period));
    if (is_set(cpu.quota)) out.write("quota", "cpu.cfs_quota_us", concat(*cpu.quota));
    if (is_set(cpu.burst)) out.write("burst", "cpu.cfs_burst_us", concat(*cpu.burst));
    if (is_set(cpu.realtime_period))
        out.write("realtimePeriod", "cpu.rt_period_us", concat(*cpu.realtime_period));
    if (is_set(cpu.realtime_runtime))
        out.write("realtimeRuntime", "cpu.rt_runtime_us", concat(*cpu.realtime_runtime));
}

void write_block_io_v1(const spec::BlockIo& block_io, Controller& out) {
    if (is_set(block_io.weight)) out.write("weight", "blkio.bfq.weight", concat(*block_io.weight));
    if (is_set(block_io.leaf_weight)) out.refuse("leafWeight", kNoLeafWeight);
    for (std::size_t i = 0; i < block_io.weight_device.size(); ++i) {
        const auto& device = block_io.weight_device[i];
        const std::string property = concat("weightDevice/", i);
        if (is_set(device.leaf_weight)) out.refuse(property + "/leafWeight", kNoLeafWeight);
        if (is_set(device.weight))
            out.write(property, "blkio.bfq.weight_device",
                      concat(device.major, ":", device.minor, " ", *device.weight));
    }
    write_devices("throttleReadBpsDevice", "blkio.throttle.read_bps_device",
                  block_io.throttle_read_bps_device, out);
    write_devices("throttleWriteBpsDevice", "blkio.throttle.write_bps_device",
                  block_io.throttle_write_bps_device, out);
    write_devices("throttleReadIOPSDevice", "blkio.throttle.read_iops_device",
                  block_io.throttle_read_iops_device, out);
    write_devices("throttleWriteIOPSDevice", "blkio.throttle.write_iops_device",
                  block_io.throttle_write_iops_device, out);
}

void write_pids_v1(const spec::Pids& pids, Controller& out) {
    if (!pids.limit) return;
    // No task besides the first: 1, as on v2 and in runc.
    const auto limit = std::max<std::int64_t>(*pids.limit, 1);
    out.write("limit", "pids.max", *pids.limit < 0 ? "max" : concat(limit));
}

/// Reservations where the kernel counts them (Linux 5.7), usage in any case
/// (config-linux.md#huge-page-limits).
void write_hugepages_v1(const std::vector<spec::HugepageLimit>& limits, Controller& out) {
    for (std::size_t i = 0; i < limits.size(); ++i) {
        const auto& [page_size, limit] = limits[i];
        const std::string prefix = concat("hugetlb.", page_size, ".");
        out.write(concat(i), prefix + "limit_in_bytes", concat(limit));
        out.write(concat(i), prefix + "rsvd.limit_in_bytes", concat(limit), OnFailure::Ignore);
    }
}

}  // namespace cleat::plan

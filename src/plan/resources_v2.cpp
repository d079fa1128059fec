// Room: plan. Files of cgroup v2 (kernel documentation, admin-guide/cgroup-v2.rst), and what the
// specification's properties, which were made for v1, mean there.
#include <cmath>

#include "cleat/base/text.hpp"
#include "resources.hpp"

namespace cleat::plan {
namespace {

constexpr std::string_view kOnlyV1 = "cgroup v2 has nothing like it";

std::string number_or_max(std::int64_t number) { return number < 0 ? "max" : concat(number); }

/// The specification's swap counts memory and swap together, cgroup v2 counts swap alone.
void write_swap(const spec::Memory& memory, Controller& out) {
    const bool lifted = memory.limit == kUnlimited;
    if (!is_set(memory.swap)) {
        if (lifted) out.write("swap", "memory.swap.max", "max", OnFailure::Ignore);
        return;
    }
    // A kernel that does not count swap has no such file, and limits nothing.
    if (*memory.swap == kUnlimited)
        return out.write("swap", "memory.swap.max", "max", OnFailure::Ignore);
    if (!is_set(memory.limit) || lifted)
        return out.refuse("swap", "it is memory and swap together, and memory has no limit");
    if (*memory.swap < *memory.limit)
        return out.refuse("swap", "it is memory and swap together, and less than memory alone");
    out.write("swap", "memory.swap.max", concat(*memory.swap - *memory.limit));
}

/// "8:0 rbps=1048576"; no rate is no limit.
struct Throttle {
    std::string_view property;
    std::string_view key;
    const std::vector<spec::ThrottleDevice>& devices;
};

void write_throttle(const Throttle& throttle, Controller& out) {
    for (std::size_t i = 0; i < throttle.devices.size(); ++i) {
        const auto& [major, minor, rate] = throttle.devices[i];
        out.write(concat(throttle.property, "/", i), "io.max",
                  concat(major, ":", minor, " ", throttle.key, "=",
                         rate == 0 ? std::string("max") : concat(rate)));
    }
}

/// The BFQ scheduler has weights of its own, on the specification's scale; io.weight is for all
/// others. Which of them a disk uses can change at any time, so both are told.
void write_weight(const std::string& property, const std::string& device, std::uint16_t weight,
                  Controller& out) {
    out.write(property, "io.bfq.weight", concat(device, weight), OnFailure::Ignore);
    out.write(property, "io.weight", concat(device, io_weight(weight)));
}

}  // namespace

std::uint64_t cpu_weight(std::uint64_t shares) noexcept {
    constexpr std::uint64_t kLeastShares = 2;
    constexpr std::uint64_t kMostShares = 262144;
    constexpr std::uint64_t kMostWeight = 10000;
    if (shares <= kLeastShares) return 1;
    if (shares >= kMostShares) return kMostWeight;
    // The parabola of log10(weight) over log2(shares) through (1, 0), (10, 2) and (18, 4); a little
    // is taken off before rounding up, so that 1024 gives 100 whatever the last bit says.
    const double log_shares = std::log2(static_cast<double>(shares));
    const double exponent = (log_shares * log_shares + 125.0 * log_shares) / 612.0 - 7.0 / 34.0;
    constexpr double kSlack = 1e-9;
    return static_cast<std::uint64_t>(std::ceil(std::pow(10.0, exponent) - kSlack));
}

std::uint64_t io_weight(std::uint16_t weight) noexcept {
    constexpr std::uint64_t kLeast = 10;
    if (weight <= kLeast) return 1;
    return 1 + (weight - kLeast) * 9999 / 990;
}

void write_memory_v2(const spec::Memory& memory, CgroupAge age, Controller& out) {
    if (is_set(memory.limit)) {
        out.write("limit", "memory.max", number_or_max(*memory.limit));
        if (memory.check_before_update.value_or(false) && age == CgroupAge::InUse &&
            *memory.limit != kUnlimited)
            out.unless_above("memory.current");
    }
    write_swap(memory, out);
    if (is_set(memory.reservation))
        out.write("reservation", "memory.low", number_or_max(*memory.reservation));
    // Unlimited is what the kernel of cgroup v2 does without being told.
    if (memory.kernel.value_or(0) > 0) out.refuse("kernel", kOnlyV1);
    if (memory.kernel_tcp.value_or(0) > 0) out.refuse("kernelTCP", kOnlyV1);
    if (has_swappiness(memory)) out.refuse("swappiness", kOnlyV1);
    if (memory.disable_oom_killer.value_or(false)) out.refuse("disableOOMKiller", kOnlyV1);
    if (memory.use_hierarchy && !*memory.use_hierarchy) out.refuse("useHierarchy", kOnlyV1);
}

/// idle and weight exclude each other in the kernel while idle is 1.
void write_cpu_v2(const spec::Cpu& cpu, CgroupAge age, Controller& out) {
    const bool wake = cpu.idle && *cpu.idle == 0;
    if (wake && age == CgroupAge::InUse) out.write("idle", "cpu.idle", "0");
    if (is_set(cpu.shares)) out.write("shares", "cpu.weight", concat(cpu_weight(*cpu.shares)));
    if (cpu.idle && !wake) out.write("idle", "cpu.idle", concat(*cpu.idle));
    // A burst must fit in the quota: an old one may stand in the way, the new one comes after.
    if (cpu.burst && age == CgroupAge::InUse)
        out.write("burst", "cpu.max.burst", concat(*cpu.burst), OnFailure::Ignore);
    if (is_set(cpu.period) && !is_set(cpu.quota)) {
        out.write("period", "cpu.max", concat(*cpu.period));
        out.after_first();
    } else if (is_set(cpu.period)) {
        out.write("quota", "cpu.max", concat(number_or_max(*cpu.quota), " ", *cpu.period));
    } else if (is_set(cpu.quota)) {
        out.write("quota", "cpu.max", number_or_max(*cpu.quota));
    }
    if (is_set(cpu.burst)) out.write("burst", "cpu.max.burst", concat(*cpu.burst));
    if (is_set(cpu.realtime_period)) out.refuse("realtimePeriod", kOnlyV1);
    if (is_set(cpu.realtime_runtime)) out.refuse("realtimeRuntime", kOnlyV1);
}

void write_block_io_v2(const spec::BlockIo& block_io, Controller& out) {
    if (is_set(block_io.weight)) write_weight("weight", "", *block_io.weight, out);
    if (is_set(block_io.leaf_weight)) out.refuse("leafWeight", kOnlyV1);
    for (std::size_t i = 0; i < block_io.weight_device.size(); ++i) {
        const auto& device = block_io.weight_device[i];
        const std::string property = concat("weightDevice/", i);
        if (is_set(device.leaf_weight)) out.refuse(property + "/leafWeight", kOnlyV1);
        if (is_set(device.weight))
            write_weight(property, concat(device.major, ":", device.minor, " "), *device.weight,
                         out);
    }
    write_throttle({"throttleReadBpsDevice", "rbps", block_io.throttle_read_bps_device}, out);
    write_throttle({"throttleWriteBpsDevice", "wbps", block_io.throttle_write_bps_device}, out);
    write_throttle({"throttleReadIOPSDevice", "riops", block_io.throttle_read_iops_device}, out);
    write_throttle({"throttleWriteIOPSDevice", "wiops", block_io.throttle_write_iops_device}, out);
}

void write_pids_v2(const spec::Pids& pids, Controller& out) {
    if (!pids.limit) return;
    // The container's first process is born in the cgroup, which with no process allowed would
    // refuse it; none besides the first is the same limit.
    out.write("limit", "pids.max", *pids.limit == 0 ? "1" : number_or_max(*pids.limit));
}

/// Reservations where the kernel counts them (Linux 5.7), usage in any case
/// (config-linux.md#huge-page-limits).
void write_hugepages_v2(const std::vector<spec::HugepageLimit>& limits, Controller& out) {
    for (std::size_t i = 0; i < limits.size(); ++i) {
        const auto& [page_size, limit] = limits[i];
        const std::string prefix = concat("hugetlb.", page_size, ".");
        out.write(concat(i), prefix + "max", concat(limit));
        out.write(concat(i), prefix + "rsvd.max", concat(limit), OnFailure::Ignore);
    }
}

}  // namespace cleat::plan

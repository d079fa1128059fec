// Room: plan. /linux/resources as properties of a scope (systemd.resource-control(5)). What systemd
// has no property for stays in the cgroup's files alone.
#include <algorithm>
#include <limits>
#include <map>

#include "cgroup_places.hpp"
#include "cleat/base/text.hpp"
#include "devices.hpp"
#include "resources.hpp"
#include "scope.hpp"

namespace cleat::plan {
namespace {

using Properties = std::vector<UnitProperty>;

constexpr std::uint64_t kInfinity = std::numeric_limits<std::uint64_t>::max();

std::uint64_t or_infinity(std::int64_t value) {
    return value < 0 ? kInfinity : static_cast<std::uint64_t>(value);
}

void memory_limits(const spec::Memory& memory, bool unified, Properties& out) {
    if (is_set(memory.limit))
        out.push_back({unified ? "MemoryMax" : "MemoryLimit", or_infinity(*memory.limit)});
    if (!unified) return;
    if (is_set(memory.reservation)) out.push_back({"MemoryLow", or_infinity(*memory.reservation)});
    if (!is_set(memory.swap)) return;
    if (*memory.swap < 0)
        out.push_back({"MemorySwapMax", kInfinity});
    else if (memory.limit.value_or(-1) >= 0 && *memory.swap >= *memory.limit)
        out.push_back({"MemorySwapMax", or_infinity(*memory.swap - *memory.limit)});
}

/// systemd keeps the quota per second and rounds it to 10 ms, so it is rounded up here.
std::uint64_t quota_per_second(std::int64_t quota, std::uint64_t period) {
    constexpr std::uint64_t kSecond = 1'000'000;
    constexpr std::uint64_t kStep = 10'000;
    if (quota < 0 || period == 0) return kInfinity;
    const std::uint64_t per_second = static_cast<std::uint64_t>(quota) * kSecond / period;
    return (per_second + kStep - 1) / kStep * kStep;
}

/// "0-2,7" as systemd's bit mask, lowest byte first; empty if it is no list of numbers.
std::vector<std::uint8_t> bit_mask(std::string_view list) {
    constexpr unsigned kMost = 8192;
    std::vector<std::uint8_t> mask;
    for (const auto range : split(list, ',')) {
        const auto dash = range.find('-');
        const auto first = parse_number<unsigned>(range.substr(0, dash));
        const auto last =
            dash == std::string_view::npos ? first : parse_number<unsigned>(range.substr(dash + 1));
        if (!first || !last || *last < *first || *last >= kMost) return {};
        mask.resize(std::max<std::size_t>(mask.size(), *last / 8 + 1));
        for (unsigned bit = *first; bit <= *last; ++bit)
            mask[bit / 8] = static_cast<std::uint8_t>(mask[bit / 8] | (1U << (bit % 8)));
    }
    return mask;
}

void cpu_limits(const spec::Cpu& cpu, bool unified, Properties& out) {
    constexpr std::uint64_t kDefaultPeriod = 100'000;
    // systemd takes a weight of 0 for cpu.idle, and writes 0 to that file with any other (252).
    if (unified && cpu.idle.value_or(0) != 0)
        out.push_back({"CPUWeight", std::uint64_t{0}});
    else if (is_set(cpu.shares) && unified)
        out.push_back({"CPUWeight", cpu_weight(*cpu.shares)});
    else if (unified && cpu.idle)
        out.push_back({"CPUWeight", kInfinity});
    else if (is_set(cpu.shares))
        out.push_back({"CPUShares", std::uint64_t{*cpu.shares}});
    if (is_set(cpu.period)) out.push_back({"CPUQuotaPeriodUSec", std::uint64_t{*cpu.period}});
    if (is_set(cpu.quota)) {
        const std::uint64_t period = is_set(cpu.period) ? *cpu.period : kDefaultPeriod;
        out.push_back({"CPUQuotaPerSecUSec", quota_per_second(*cpu.quota, period)});
    }
    if (!unified) return;
    if (auto mask = bit_mask(cpu.cpus); !mask.empty()) out.push_back({"AllowedCPUs", mask});
    if (auto mask = bit_mask(cpu.mems); !mask.empty()) out.push_back({"AllowedMemoryNodes", mask});
}

void throttle(const char* name, const std::vector<spec::ThrottleDevice>& devices, Properties& out) {
    std::vector<std::pair<std::string, std::uint64_t>> items;
    for (const auto& [major, minor, rate] : devices)
        items.emplace_back(concat("/dev/block/", major, ":", minor), rate == 0 ? kInfinity : rate);
    if (!items.empty()) out.push_back({name, std::move(items)});
}

void block_io_limits(const spec::BlockIo& block_io, Properties& out) {
    if (is_set(block_io.weight)) out.push_back({"IOWeight", io_weight(*block_io.weight)});
    std::vector<std::pair<std::string, std::uint64_t>> weights;
    for (const auto& device : block_io.weight_device)
        if (is_set(device.weight))
            weights.emplace_back(concat("/dev/block/", device.major, ":", device.minor),
                                 io_weight(*device.weight));
    if (!weights.empty()) out.push_back({"IODeviceWeight", std::move(weights)});
    throttle("IOReadBandwidthMax", block_io.throttle_read_bps_device, out);
    throttle("IOWriteBandwidthMax", block_io.throttle_write_bps_device, out);
    throttle("IOReadIOPSMax", block_io.throttle_read_iops_device, out);
    throttle("IOWriteIOPSMax", block_io.throttle_write_iops_device, out);
}

/// The files of cgroup v2 that are a number or "max", and their properties.
constexpr std::pair<std::string_view, const char*> kNumberFiles[] = {
    {"cpu.weight", "CPUWeight"},
    {"io.weight", "IOWeight"},
    {"memory.high", "MemoryHigh"},
    {"memory.low", "MemoryLow"},
    {"memory.max", "MemoryMax"},
    {"memory.min", "MemoryMin"},
    {"memory.swap.max", "MemorySwapMax"},
    {"memory.zswap.max", "MemoryZSwapMax"},
    {"pids.max", "TasksMax"}};

/// "max 100000", "20000": quota and period of cpu.max.
void cpu_max(std::string_view value, Properties& out) {
    constexpr std::uint64_t kDefaultPeriod = 100'000;
    const auto blank = value.find(' ');
    const auto quota = parse_number<std::int64_t>(value.substr(0, blank));
    const auto period = blank == std::string_view::npos
                            ? std::nullopt
                            : parse_number<std::uint64_t>(value.substr(blank + 1));
    if (period) out.push_back({"CPUQuotaPeriodUSec", *period});
    out.push_back({"CPUQuotaPerSecUSec",
                   quota_per_second(quota.value_or(-1), period.value_or(kDefaultPeriod))});
}

/// What the engine writes to files itself. Files that systemd has no property for it leaves alone.
void unified_limits(const std::map<std::string, std::string>& files, Properties& out) {
    for (const auto& [file, text] : files) {
        const std::string_view value = std::string_view(text).substr(0, text.find('\n'));
        const auto* const known =
            std::ranges::find(kNumberFiles, file, &std::pair<std::string_view, const char*>::first);
        const auto number = value == "max" ? kInfinity : parse_number<std::uint64_t>(value);
        if (known != std::end(kNumberFiles) && number)
            out.push_back({known->second, *number});
        else if (file == "cpu.max")
            cpu_max(value, out);
        else if (auto mask = bit_mask(value); file == "cpuset.cpus" && !mask.empty())
            out.push_back({"AllowedCPUs", std::move(mask)});
        else if (file == "cpuset.mems" && !mask.empty())
            out.push_back({"AllowedMemoryNodes", std::move(mask)});
    }
}

/// "/dev/char/1:3", "char-136" (a major number, as systemd takes it), "char-*".
std::string device_name(const spec::DeviceRule& rule, std::string_view kind) {
    const auto any = [](const auto& number) { return number.value_or(-1) < 0; };
    if (any(rule.major)) return concat(kind, "-*");
    if (any(rule.minor)) return concat(kind, "-", *rule.major);
    return concat("/dev/", kind, "/", *rule.major, ":", *rule.minor);
}

/// systemd knows allowed devices only. It may allow more than the rules do: its program and that
/// of cleat must both agree; on v1 the list is written after systemd's.
void device_limits(const std::vector<spec::DeviceRule>& configured, Properties& out) {
    std::vector<std::pair<std::string, std::string>> allowed;
    bool all = false;
    for (const auto& rule : device_rules(configured)) {
        const bool any = rule.type.empty() || rule.type == "a";
        if (any) allowed.clear();
        if (any) all = rule.allow;
        if (any || !rule.allow) continue;
        const std::string access = rule.access.empty() ? "rwm" : rule.access;
        allowed.emplace_back(device_name(rule, rule.type == "b" ? "block" : "char"), access);
    }
    out.push_back({"DevicePolicy", std::string(all ? "auto" : "strict")});
    if (!all) out.push_back({"DeviceAllow", std::move(allowed)});
}

}  // namespace

std::vector<UnitProperty> scope_limits(const spec::Resources& resources,
                                       const std::vector<CgroupDirectory>& cgroups) {
    const bool unified = !has_v1(cgroups);
    Properties out;
    if (!resources.devices.empty()) device_limits(resources.devices, out);
    if (resources.memory) memory_limits(*resources.memory, unified, out);
    if (resources.cpu) cpu_limits(*resources.cpu, unified, out);
    if (resources.block_io && unified) block_io_limits(*resources.block_io, out);
    if (resources.pids && resources.pids->limit) {
        const auto limit = *resources.pids->limit;
        out.push_back({"TasksMax", limit == 0 ? std::uint64_t{1} : or_infinity(limit)});
    }
    if (unified) unified_limits(resources.unified, out);
    return out;
}

}  // namespace cleat::plan

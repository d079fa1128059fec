// Room: shim. Metrics of both versions of cgroups. Pure.
#include "metrics.hpp"

#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "messages.hpp"

namespace cleat::shim {
namespace {

constexpr std::uint64_t kMicrosecond = 1000;  // in nanoseconds

/// The lines of memory.stat in the order of the message's fields, from 1.
constexpr std::array<std::string_view, 32> kMemoryOne = {"cache",
                                                         "rss",
                                                         "rss_huge",
                                                         "mapped_file",
                                                         "dirty",
                                                         "writeback",
                                                         "pgpgin",
                                                         "pgpgout",
                                                         "pgfault",
                                                         "pgmajfault",
                                                         "inactive_anon",
                                                         "active_anon",
                                                         "inactive_file",
                                                         "active_file",
                                                         "unevictable",
                                                         "hierarchical_memory_limit",
                                                         "hierarchical_memsw_limit",
                                                         "total_cache",
                                                         "total_rss",
                                                         "total_rss_huge",
                                                         "total_mapped_file",
                                                         "total_dirty",
                                                         "total_writeback",
                                                         "total_pgpgin",
                                                         "total_pgpgout",
                                                         "total_pgfault",
                                                         "total_pgmajfault",
                                                         "total_inactive_anon",
                                                         "total_active_anon",
                                                         "total_inactive_file",
                                                         "total_active_file",
                                                         "total_unevictable"};

constexpr std::array<std::string_view, 31> kMemoryTwo = {"anon",
                                                         "file",
                                                         "kernel_stack",
                                                         "slab",
                                                         "sock",
                                                         "shmem",
                                                         "file_mapped",
                                                         "file_dirty",
                                                         "file_writeback",
                                                         "anon_thp",
                                                         "inactive_anon",
                                                         "active_anon",
                                                         "inactive_file",
                                                         "active_file",
                                                         "unevictable",
                                                         "slab_reclaimable",
                                                         "slab_unreclaimable",
                                                         "pgfault",
                                                         "pgmajfault",
                                                         "workingset_refault",
                                                         "workingset_activate",
                                                         "workingset_nodereclaim",
                                                         "pgrefill",
                                                         "pgscan",
                                                         "pgsteal",
                                                         "pgactivate",
                                                         "pgdeactivate",
                                                         "pglazyfree",
                                                         "pglazyfreed",
                                                         "thp_fault_alloc",
                                                         "thp_collapse_alloc"};

/// The same of memory.events.
constexpr std::array<std::string_view, 5> kMemoryEvents = {"low", "high", "max", "oom", "oom_kill"};

template <std::size_t N>
void add_table(Writer& out, const std::map<std::string, std::uint64_t>& table,
               const std::array<std::string_view, N>& names) {
    for (std::uint32_t i = 0; i < N; ++i)
        if (const auto found = table.find(std::string(names[i])); found != table.end())
            out.number(i + 1, found->second);
}

Writer entry(const cgroup::MemoryEntry& value) {
    Writer out;
    out.number(1, value.limit).number(2, value.usage).number(3, value.max);
    out.number(4, value.failcnt);
    return out;
}

Writer cpu_one(const cgroup::CpuStats& cpu) {
    Writer usage;
    usage.number(1, cpu.total).number(2, cpu.kernel).number(3, cpu.user);
    usage.packed(4, cpu.percpu);
    Writer throttling;
    throttling.number(1, cpu.periods).number(2, cpu.throttled_periods);
    throttling.number(3, cpu.throttled_time);
    Writer out;
    out.message(1, usage).message(2, throttling);
    return out;
}

Writer blkio_one(const cgroup::IoStats& io) {
    Writer out;
    for (const auto& [field, entries] :
         {std::pair(1U, &io.service_bytes), std::pair(2U, &io.serviced)})
        for (const auto& each : *entries)
            out.message(field, Writer()
                                   .text(1, each.operation)
                                   .number(3, each.major)
                                   .number(4, each.minor)
                                   .number(5, each.value));
    return out;
}

Writer metrics_one(const cgroup::Stats& stats) {
    Writer out;
    for (const auto& [size, each] : stats.hugetlb)
        out.message(1, Writer()
                           .number(1, each.usage)
                           .number(2, each.max)
                           .number(3, each.failcnt)
                           .text(4, size));
    Writer memory;
    add_table(memory, stats.memory.raw, kMemoryOne);
    memory.message(33, entry(stats.memory.usage)).message(34, entry(stats.memory.swap));
    memory.message(35, entry(stats.memory.kernel)).message(36, entry(stats.memory.kernel_tcp));
    out.message(2, Writer().number(1, stats.pids.current).number(2, stats.pids.limit));
    out.message(3, cpu_one(stats.cpu)).message(4, memory).message(5, blkio_one(stats.io));
    return out;
}

Writer pressure(const cgroup::Pressure& value) {
    Writer out;
    out.real(1, value.avg10).real(2, value.avg60).real(3, value.avg300).number(4, value.total);
    return out;
}

void add_pressure(Writer& out, std::uint32_t field,
                  const std::optional<cgroup::PressurePair>& pair) {
    if (!pair) return;
    Writer both;
    if (pair->some) both.message(1, pressure(*pair->some));
    if (pair->full) both.message(2, pressure(*pair->full));
    out.message(field, both);
}

/// One entry for each device.
Writer io_two(const cgroup::IoStats& io) {
    struct Device {
        std::uint64_t read_bytes = 0, written_bytes = 0, reads = 0, writes = 0;
    };
    std::map<std::pair<std::uint64_t, std::uint64_t>, Device> devices;
    for (const auto& each : io.service_bytes) {
        auto& device = devices[{each.major, each.minor}];
        if (each.operation == "Read") device.read_bytes = each.value;
        if (each.operation == "Write") device.written_bytes = each.value;
    }
    for (const auto& each : io.serviced) {
        auto& device = devices[{each.major, each.minor}];
        if (each.operation == "Read") device.reads = each.value;
        if (each.operation == "Write") device.writes = each.value;
    }
    Writer out;
    for (const auto& [number, each] : devices)
        out.message(1, Writer()
                           .number(1, number.first)
                           .number(2, number.second)
                           .number(3, each.read_bytes)
                           .number(4, each.written_bytes)
                           .number(5, each.reads)
                           .number(6, each.writes));
    add_pressure(out, 2, io.pressure);
    return out;
}

/// In cgroup v2 swap is what is on it; the statistics count memory with it.
std::uint64_t swap_alone(std::uint64_t both, std::uint64_t memory) {
    constexpr auto kNone = ~std::uint64_t{0};
    if (both == kNone) return kNone;
    return both > memory ? both - memory : 0;
}

Writer memory_two(const cgroup::MemoryStats& stats) {
    Writer out;
    add_table(out, stats.raw, kMemoryTwo);
    out.number(32, stats.usage.usage).number(33, stats.usage.limit);
    out.number(34, swap_alone(stats.swap.usage, stats.usage.usage));
    out.number(35, swap_alone(stats.swap.limit, stats.usage.limit)).number(36, stats.usage.max);
    add_pressure(out, 38, stats.pressure);
    return out;
}

Writer metrics_two(const cgroup::Stats& stats) {
    Writer cpu;
    cpu.number(1, stats.cpu.total / kMicrosecond).number(2, stats.cpu.user / kMicrosecond);
    cpu.number(3, stats.cpu.kernel / kMicrosecond).number(4, stats.cpu.periods);
    cpu.number(5, stats.cpu.throttled_periods);
    cpu.number(6, stats.cpu.throttled_time / kMicrosecond);
    add_pressure(cpu, 7, stats.cpu.pressure);
    Writer out;
    out.message(1, Writer().number(1, stats.pids.current).number(2, stats.pids.limit));
    out.message(2, cpu).message(4, memory_two(stats.memory));
    out.message(6, io_two(stats.io));
    for (const auto& [size, each] : stats.hugetlb)
        out.message(7, Writer().number(1, each.usage).number(2, each.max).text(3, size));
    Writer events;
    add_table(events, stats.memory.events, kMemoryEvents);
    out.message(8, events);
    return out;
}

}  // namespace

Writer encode_metrics(const cgroup::Stats& stats, CgroupVersion version) {
    if (version == CgroupVersion::One)
        return write_any("io.containerd.cgroups.v1.Metrics", metrics_one(stats).take());
    return write_any("io.containerd.cgroups.v2.Metrics", metrics_two(stats).take());
}

}  // namespace cleat::shim

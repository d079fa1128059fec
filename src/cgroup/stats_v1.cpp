// Room: cgroup. Statistics of the v1 controllers (Documentation/admin-guide/cgroup-v1); host
// process.
#include <unistd.h>

#include <algorithm>

#include "cleat/base/text.hpp"
#include "internal.hpp"
#include "stats_files.hpp"

namespace cleat::cgroup {
namespace {

void read_cpuacct(const StatFiles& files, CpuStats& cpu) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    const auto tick = kSecond / static_cast<std::uint64_t>(std::max(::sysconf(_SC_CLK_TCK), 1L));
    cpu.total = files.number("cpuacct.usage");
    const auto ticks = files.table("cpuacct.stat");
    cpu.user = entry(ticks, "user") * tick;
    cpu.kernel = entry(ticks, "system") * tick;
    const auto percpu = files.text("cpuacct.usage_percpu");
    for (const auto word : words(percpu))
        cpu.percpu.push_back(parse_number<std::uint64_t>(word).value_or(0));
    // Lines of "CPU user system" below a header.
    const auto all = files.text("cpuacct.usage_all");
    for (const auto line : split(all, '\n')) {
        const auto fields = words(line);
        if (fields.size() != 3 || !parse_number<std::uint64_t>(fields[0])) continue;
        cpu.percpu_user.push_back(parse_number<std::uint64_t>(fields[1]).value_or(0));
        cpu.percpu_kernel.push_back(parse_number<std::uint64_t>(fields[2]).value_or(0));
    }
}

void read_cpu(const StatFiles& files, CpuStats& cpu) {
    const auto table = files.table("cpu.stat");
    cpu.periods = entry(table, "nr_periods");
    cpu.throttled_periods = entry(table, "nr_throttled");
    cpu.throttled_time = entry(table, "throttled_time");
}

void read_cpuset(const StatFiles& files, CpusetStats& cpuset) {
    cpuset.cpus = parse_list(files.text("cpuset.cpus"));
    cpuset.mems = parse_list(files.text("cpuset.mems"));
    cpuset.cpu_exclusive = files.number("cpuset.cpu_exclusive");
    cpuset.mem_hardwall = files.number("cpuset.mem_hardwall");
    cpuset.mem_exclusive = files.number("cpuset.mem_exclusive");
    cpuset.memory_migrate = files.number("cpuset.memory_migrate");
    cpuset.memory_spread_page = files.number("cpuset.memory_spread_page");
    cpuset.memory_spread_slab = files.number("cpuset.memory_spread_slab");
    cpuset.memory_pressure = files.number("cpuset.memory_pressure");
    cpuset.sched_load_balance = files.number("cpuset.sched_load_balance");
    const auto level = files.text("cpuset.sched_relax_domain_level");
    const auto level_words = words(level);
    if (!level_words.empty())
        cpuset.sched_relax_domain_level = parse_number<std::int64_t>(level_words[0]).value_or(0);
}

MemoryEntry read_memory_entry(const StatFiles& files, const std::string& name) {
    return {.limit = files.number(name + ".limit_in_bytes"),
            .usage = files.number(name + ".usage_in_bytes"),
            .max = files.number(name + ".max_usage_in_bytes"),
            .failcnt = files.number(name + ".failcnt")};
}

void read_memory(const StatFiles& files, MemoryStats& memory) {
    memory.raw = files.table("memory.stat");
    memory.cache = entry(memory.raw, "cache");
    memory.usage = read_memory_entry(files, "memory");
    memory.swap = read_memory_entry(files, "memory.memsw");
    memory.kernel = read_memory_entry(files, "memory.kmem");
    memory.kernel_tcp = read_memory_entry(files, "memory.kmem.tcp");
}

/// Lines of "8:0 Read 4096"; the "Total" lines have no operation and are left out.
std::vector<IoEntry> read_io(const StatFiles& files, std::string_view file) {
    std::vector<IoEntry> entries;
    const auto text = files.text(file);
    for (const auto line : split(text, '\n')) {
        const auto fields = words(line);
        if (fields.size() != 3) continue;
        auto device = parse_device(fields[0]);
        if (!device) continue;
        device->operation = fields[1];
        device->value = parse_number<std::uint64_t>(fields[2]).value_or(0);
        entries.push_back(*std::move(device));
    }
    return entries;
}

/// A disk's scheduler counts if it is bfq; otherwise only throttling does.
void read_blkio(const StatFiles& files, IoStats& io) {
    io.service_bytes = read_io(files, "blkio.bfq.io_service_bytes_recursive");
    io.serviced = read_io(files, "blkio.bfq.io_serviced_recursive");
    if (!io.serviced.empty()) return;
    io.service_bytes = read_io(files, "blkio.throttle.io_service_bytes_recursive");
    io.serviced = read_io(files, "blkio.throttle.io_serviced_recursive");
}

void read_hugetlb(const StatFiles& files, std::map<std::string, HugetlbStats>& sizes) {
    for (const auto& size : files.hugetlb_sizes(".usage_in_bytes")) {
        const std::string name = "hugetlb." + size;
        sizes[size] = {.usage = files.number(name + ".usage_in_bytes"),
                       .max = files.number(name + ".max_usage_in_bytes"),
                       .failcnt = files.number(name + ".failcnt")};
    }
}

}  // namespace

void read_v1(const Directories& directories, Stats& stats) {
    const auto with = [&](std::string_view controller, auto&& read, auto& out) {
        if (const auto* directory = find_v1(directories, controller))
            read(StatFiles(*directory), out);
    };
    with("cpuacct", read_cpuacct, stats.cpu);
    with("cpu", read_cpu, stats.cpu);
    with("cpuset", read_cpuset, stats.cpuset);
    with("memory", read_memory, stats.memory);
    with("blkio", read_blkio, stats.io);
    with("hugetlb", read_hugetlb, stats.hugetlb);
    if (const auto* directory = find_v1(directories, "pids")) {
        const StatFiles files(*directory);
        stats.pids = {.current = files.number("pids.current"), .limit = files.number("pids.max")};
    }
}

}  // namespace cleat::cgroup

// Room: cli. Statistics and events as JSON. Nothing here throws.
#include <nlohmann/json.hpp>
#include <utility>

#include "cleat/base/text.hpp"
#include "json.hpp"
#include "stats_text.hpp"

namespace cleat::cli {
namespace {

using Json = nlohmann::ordered_json;

// Statistics, member for member as runc writes them: a number that is 0 is left out where runc
// leaves it out.

void add_if(Json& out, const char* name, std::uint64_t value) {
    if (value != 0) out[name] = value;
}

template <class Value>
void add_if(Json& out, const char* name, const std::vector<Value>& values) {
    if (!values.empty()) out[name] = values;
}

Json pressure_json(const cgroup::Pressure& pressure) {
    return {{"avg10", pressure.avg10},
            {"avg60", pressure.avg60},
            {"avg300", pressure.avg300},
            {"total", pressure.total}};
}

void add_pressure(Json& out, const std::optional<cgroup::PressurePair>& pair) {
    if (!pair) return;
    Json psi = Json::object();
    if (pair->some) psi["some"] = pressure_json(*pair->some);
    if (pair->full) psi["full"] = pressure_json(*pair->full);
    out["psi"] = std::move(psi);
}

Json cpu_json(const cgroup::CpuStats& cpu) {
    Json usage = Json::object();
    add_if(usage, "total", cpu.total);
    add_if(usage, "percpu", cpu.percpu);
    add_if(usage, "percpu_kernel", cpu.percpu_kernel);
    add_if(usage, "percpu_user", cpu.percpu_user);
    usage["kernel"] = cpu.kernel;
    usage["user"] = cpu.user;
    Json throttling = Json::object();
    add_if(throttling, "periods", cpu.periods);
    add_if(throttling, "throttledPeriods", cpu.throttled_periods);
    add_if(throttling, "throttledTime", cpu.throttled_time);
    Json out = {{"usage", std::move(usage)}, {"throttling", std::move(throttling)}};
    add_pressure(out, cpu.pressure);
    return out;
}

Json cpuset_json(const cgroup::CpusetStats& cpuset) {
    Json out = Json::object();
    add_if(out, "cpus", cpuset.cpus);
    out["cpu_exclusive"] = cpuset.cpu_exclusive;
    add_if(out, "mems", cpuset.mems);
    out["mem_hardwall"] = cpuset.mem_hardwall;
    out["mem_exclusive"] = cpuset.mem_exclusive;
    out["memory_migrate"] = cpuset.memory_migrate;
    out["memory_spread_page"] = cpuset.memory_spread_page;
    out["memory_spread_slab"] = cpuset.memory_spread_slab;
    out["memory_pressure"] = cpuset.memory_pressure;
    out["sched_load_balance"] = cpuset.sched_load_balance;
    out["sched_relax_domain_level"] = cpuset.sched_relax_domain_level;
    return out;
}

Json memory_entry_json(const cgroup::MemoryEntry& entry) {
    Json out = {{"limit", entry.limit}};
    add_if(out, "usage", entry.usage);
    add_if(out, "max", entry.max);
    out["failcnt"] = entry.failcnt;
    return out;
}

Json memory_json(const cgroup::MemoryStats& memory) {
    Json out = Json::object();
    add_if(out, "cache", memory.cache);
    out["usage"] = memory_entry_json(memory.usage);
    out["swap"] = memory_entry_json(memory.swap);
    out["kernel"] = memory_entry_json(memory.kernel);
    out["kernelTCP"] = memory_entry_json(memory.kernel_tcp);
    if (!memory.raw.empty()) out["raw"] = memory.raw;
    add_pressure(out, memory.pressure);
    return out;
}

Json pids_json(const cgroup::PidsStats& pids) {
    Json out = Json::object();
    add_if(out, "current", pids.current);
    add_if(out, "limit", pids.limit);
    return out;
}

Json io_entries_json(const std::vector<cgroup::IoEntry>& entries) {
    Json out = Json::array();
    for (const auto& entry : entries) {
        Json one = Json::object();
        add_if(one, "major", entry.major);
        add_if(one, "minor", entry.minor);
        if (!entry.operation.empty()) one["op"] = entry.operation;
        add_if(one, "value", entry.value);
        out.push_back(std::move(one));
    }
    return out;
}

Json io_json(const cgroup::IoStats& io) {
    Json out = Json::object();
    if (!io.service_bytes.empty())
        out["ioServiceBytesRecursive"] = io_entries_json(io.service_bytes);
    if (!io.serviced.empty()) out["ioServicedRecursive"] = io_entries_json(io.serviced);
    add_pressure(out, io.pressure);
    return out;
}

Json hugetlb_json(const std::map<std::string, cgroup::HugetlbStats>& sizes) {
    Json out = Json::object();
    for (const auto& [size, stats] : sizes) {
        Json one = Json::object();
        add_if(one, "usage", stats.usage);
        add_if(one, "max", stats.max);
        one["failcnt"] = stats.failcnt;
        out[size] = std::move(one);
    }
    return out;
}

void add_if(Json& out, const char* name, const std::string& text) {
    if (!text.empty()) out[name] = text;
}

void add_cache(Json& out, const cgroup::RdtStats& rdt) {
    if (!rdt.cache) return;
    Json info = Json::object();
    add_if(info, "cbm_mask", rdt.cache->info.mask);
    add_if(info, "min_cbm_bits", rdt.cache->info.min_bits);
    add_if(info, "num_closids", rdt.cache->info.classes);
    out["l3_cache_info"] = std::move(info);
    add_if(out, "l3_cache_schema_root", rdt.cache->root_schema);
    add_if(out, "l3_cache_schema", rdt.cache->schema);
}

void add_bandwidth(Json& out, const cgroup::RdtStats& rdt) {
    if (!rdt.bandwidth) return;
    Json info = Json::object();
    add_if(info, "bandwidth_gran", rdt.bandwidth->info.granularity);
    add_if(info, "delay_linear", rdt.bandwidth->info.delay_linear);
    add_if(info, "min_bandwidth", rdt.bandwidth->info.minimum);
    add_if(info, "num_closids", rdt.bandwidth->info.classes);
    out["mem_bw_info"] = std::move(info);
    add_if(out, "mem_bw_schema_root", rdt.bandwidth->root_schema);
    add_if(out, "mem_bw_schema", rdt.bandwidth->schema);
}

Json rdt_json(const std::optional<cgroup::RdtStats>& rdt) {
    Json out = Json::object();
    if (!rdt) return out;
    add_cache(out, *rdt);
    add_bandwidth(out, *rdt);
    add_if(out, "schemata", rdt->schemata);
    if (rdt->traffic) {
        Json& list = out["mbm_stats"] = Json::array();
        for (const auto& [total, local] : *rdt->traffic)
            list.push_back({{"mbm_total_bytes", total}, {"mbm_local_bytes", local}});
    }
    if (rdt->occupancy) {
        Json& list = out["cmt_stats"] = Json::array();
        for (const auto bytes : *rdt->occupancy) list.push_back({{"llc_occupancy", bytes}});
    }
    return out;
}

std::string event_line(const Json& event) {
    return event.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace

std::string stats_line(const std::string& id, const cgroup::Stats& stats) {
    return event_line({{"type", "stats"},
                       {"id", id},
                       {"data",
                        {{"cpu", cpu_json(stats.cpu)},
                         {"cpuset", cpuset_json(stats.cpuset)},
                         {"memory", memory_json(stats.memory)},
                         {"pids", pids_json(stats.pids)},
                         {"blkio", io_json(stats.io)},
                         {"hugetlb", hugetlb_json(stats.hugetlb)},
                         {"intel_rdt", rdt_json(stats.rdt)},
                         {"network_interfaces", nullptr}}}});
}

std::string oom_line(const std::string& id) { return event_line({{"type", "oom"}, {"id", id}}); }

std::string pressure_line(const std::string& id, const cgroup::PressureTrigger& trigger) {
    return event_line({{"type", "pressure"},
                       {"id", id},
                       {"data",
                        {{"resource", trigger.resource},
                         {"kind", trigger.kind},
                         {"stall", trigger.stall.count()},
                         {"window", trigger.window.count()}}}});
}

std::string stats_array(const std::vector<Usage>& usages) {
    std::vector<std::string> objects;
    for (const auto& [id, stats] : usages) {
        objects.push_back(stats_line(id, stats));
        objects.back().pop_back();
    }
    return concat("[", join(objects, ","), "]\n");
}

}  // namespace cleat::cli

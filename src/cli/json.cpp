// Room: cli. The few JSON texts that cli itself makes. Nothing here throws.
#include "json.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "cleat/base/text.hpp"

namespace cleat::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

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

std::string event_line(const Json& event) { return dump(event) + '\n'; }

std::unexpected<Error> bad_value(std::string_view text, std::string_view what) {
    return fail(ErrorKind::InvalidArgument, concat(quoted(text), " is not ", what));
}

/// How far the unit's letter shifts: k is 10 bits; nullopt for what is no unit.
std::optional<unsigned> shift_of(std::string_view unit) {
    constexpr std::string_view kLetters = "bkmgtp";
    constexpr unsigned kStep = 10;
    if (unit.empty()) return 0;
    const char letter = static_cast<char>(unit[0] | 0x20);
    const auto index = kLetters.find(letter);
    if (index == std::string_view::npos) return std::nullopt;
    unit.remove_prefix(1);
    if (index > 0 && (unit.starts_with('i') || unit.starts_with('I'))) unit.remove_prefix(1);
    if (index > 0 && (unit.starts_with('b') || unit.starts_with('B'))) unit.remove_prefix(1);
    if (!unit.empty()) return std::nullopt;
    return static_cast<unsigned>(index) * kStep;
}

Result<Json> value_of(const Limit& limit, const std::string& text) {
    if (limit.form == Limit::Form::Text) return Json(text);
    if (limit.form == Limit::Form::Size) return Json(TRY(parse_size(text)));
    const auto number = parse_number<std::int64_t>(text);
    if (!number) return bad_value(text, "a number");
    return Json(*number);
}

}  // namespace

std::string log_line(const LogLine& line) {
    Json record = {{"level", line.level}, {"msg", line.message}, {"time", line.time}};
    if (!line.pointer.empty()) record["pointer"] = line.pointer;
    return dump(record) + '\n';
}

Result<std::int64_t> parse_size(std::string_view text) {
    const auto digits = text.find_first_not_of("-0123456789");
    const auto number = parse_number<std::int64_t>(text.substr(0, digits));
    const auto shift =
        shift_of(digits == std::string_view::npos ? std::string_view() : text.substr(digits));
    if (!number || !shift || *number < -1 || (*number == -1 && *shift != 0))
        return bad_value(text, "a size");
    if (*number > (std::numeric_limits<std::int64_t>::max() >> *shift))
        return bad_value(text, "a size below 8 EiB");
    return *number == -1 ? -1 : *number << *shift;
}

Result<std::string> resources_of(const UpdateArguments& arguments) {
    Json resources = Json::object();
    for (const auto& limit : arguments.limits) {
        if (!limit.value) continue;
        auto value = value_of(limit, *limit.value);
        if (!value) return std::unexpected(with_context(std::move(value).error(), limit.flag));
        resources[limit.group][limit.member] = *std::move(value);
    }
    const bool schemata = !arguments.l3_cache_schema.empty() || !arguments.mem_bw_schema.empty();
    if (resources.empty() && schemata) return std::string();
    if (resources.empty())
        return fail(ErrorKind::InvalidArgument, "nothing to update: no limit is given");
    return dump(resources);
}

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
                         {"intel_rdt", Json::object()},
                         {"network_interfaces", nullptr}}}});
}

std::string oom_line(const std::string& id) { return event_line({{"type", "oom"}, {"id", id}}); }

Result<std::chrono::milliseconds> parse_interval(std::string_view text) {
    constexpr std::pair<std::string_view, std::uint32_t> kUnits[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
    const auto bad = [&] {
        return fail(ErrorKind::InvalidArgument,
                    concat("interval ", quoted(text), " is not a time like 5s, 1m30s or 250ms"));
    };
    std::uint64_t total = 0;
    for (auto rest = text; !rest.empty();) {
        const auto digits = rest.find_first_not_of("0123456789");
        if (digits == 0 || digits == std::string_view::npos) return bad();
        const auto count = parse_number<std::uint32_t>(rest.substr(0, digits));
        rest.remove_prefix(digits);
        const auto letters = std::min(rest.find_first_of("0123456789"), rest.size());
        const auto unit = std::ranges::find(kUnits, rest.substr(0, letters),
                                            &std::pair<std::string_view, std::uint32_t>::first);
        if (!count || unit == std::end(kUnits)) return bad();
        total += std::uint64_t{*count} * unit->second;
        rest.remove_prefix(letters);
    }
    constexpr std::uint64_t kLongest = 24U * 3'600'000U;
    if (total == 0 || total > kLongest) return bad();
    return std::chrono::milliseconds(total);
}

}  // namespace cleat::cli

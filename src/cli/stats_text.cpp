// Room: cli. What containers use, as a table and for Prometheus
// (prometheus.io/docs/instrumenting/exposition_formats).
#include "stats_text.hpp"

#include <array>
#include <string_view>

#include "cleat/base/text.hpp"
#include "output.hpp"

namespace cleat::cli {
namespace {

using cgroup::Stats;

/// A number with its labels besides the container's id, `,device="8:0"`.
struct Sample {
    std::string labels;
    std::string value;
};
using Samples = std::vector<Sample>;

/// `divisor` parts are one: nanoseconds as seconds.
std::string decimal(std::uint64_t parts, std::uint64_t divisor) {
    std::string rest = concat(divisor + parts % divisor);
    rest[0] = '.';
    return concat(parts / divisor, rest);
}

std::string seconds(std::uint64_t nanoseconds) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    return decimal(nanoseconds, kSecond);
}

/// No limit is 2^64-1 on cgroup v2 and the biggest number of whole pages in 2^63 on v1.
bool is_limit(std::uint64_t bytes) { return bytes < std::uint64_t{1} << 62U; }

std::string limit(std::uint64_t bytes) { return is_limit(bytes) ? concat(bytes) : "+Inf"; }

/// What a label value, and a help text, must not have as it is.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        out += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return out;
}

std::string label(std::string_view name, std::string_view value) {
    return concat(",", name, "=\"", escaped(value), "\"");
}

Samples io_samples(const std::vector<cgroup::IoEntry>& entries) {
    Samples samples;
    for (const auto& entry : entries)
        samples.push_back({.labels = label("device", concat(entry.major, ":", entry.minor)) +
                                     label("operation", entry.operation),
                           .value = concat(entry.value)});
    return samples;
}

Samples hugetlb_samples(const Stats& stats, std::uint64_t cgroup::HugetlbStats::* member) {
    Samples samples;
    for (const auto& [size, numbers] : stats.hugetlb)
        samples.push_back({.labels = label("size", size), .value = concat(numbers.*member)});
    return samples;
}

void add_pressure(std::string_view resource, const std::optional<cgroup::PressurePair>& pair,
                  Samples& samples) {
    constexpr std::uint64_t kMicroseconds = 1'000'000;
    if (!pair) return;
    for (const auto& [kind, pressure] : {std::pair("some", &pair->some), {"full", &pair->full}})
        if (*pressure)
            samples.push_back({.labels = label("resource", resource) + label("kind", kind),
                               .value = decimal((*pressure)->total, kMicroseconds)});
}

Samples pressure_samples(const Stats& stats) {
    Samples samples;
    add_pressure("cpu", stats.cpu.pressure, samples);
    add_pressure("memory", stats.memory.pressure, samples);
    add_pressure("io", stats.io.pressure, samples);
    return samples;
}

/// What is measured: "cleat_" + name.
struct Family {
    const char* name;
    const char* type;
    const char* help;
    Samples (*samples)(const Stats& stats);
};

Samples one(std::string value) { return {{.labels = "", .value = std::move(value)}}; }

constexpr Family kFamilies[] = {
    {"cpu_seconds_total", "counter", "CPU time that was used.",
     [](const Stats& s) { return one(seconds(s.cpu.total)); }},
    {"cpu_user_seconds_total", "counter", "CPU time that was used in user mode.",
     [](const Stats& s) { return one(seconds(s.cpu.user)); }},
    {"cpu_system_seconds_total", "counter", "CPU time that was used in the kernel.",
     [](const Stats& s) { return one(seconds(s.cpu.kernel)); }},
    {"cpu_periods_total", "counter", "Periods of the CPU quota.",
     [](const Stats& s) { return one(concat(s.cpu.periods)); }},
    {"cpu_throttled_periods_total", "counter", "Periods in which the CPU quota was used up.",
     [](const Stats& s) { return one(concat(s.cpu.throttled_periods)); }},
    {"cpu_throttled_seconds_total", "counter", "Time that was waited for CPU quota.",
     [](const Stats& s) { return one(seconds(s.cpu.throttled_time)); }},
    {"memory_bytes", "gauge", "Memory in use.",
     [](const Stats& s) { return one(concat(s.memory.usage.usage)); }},
    {"memory_peak_bytes", "gauge", "The most memory that was ever in use.",
     [](const Stats& s) { return one(concat(s.memory.usage.max)); }},
    {"memory_limit_bytes", "gauge", "Limit of memory.",
     [](const Stats& s) { return one(limit(s.memory.usage.limit)); }},
    {"memory_cache_bytes", "gauge", "Memory in use for the content of files.",
     [](const Stats& s) { return one(concat(s.memory.cache)); }},
    {"memory_and_swap_bytes", "gauge", "Memory and swap in use.",
     [](const Stats& s) { return one(concat(s.memory.swap.usage)); }},
    {"memory_and_swap_limit_bytes", "gauge", "Limit of memory and swap together.",
     [](const Stats& s) { return one(limit(s.memory.swap.limit)); }},
    {"pids", "gauge", "Processes and threads.",
     [](const Stats& s) { return one(concat(s.pids.current)); }},
    {"pids_limit", "gauge", "Limit of processes and threads.",
     [](const Stats& s) { return one(s.pids.limit == 0 ? "+Inf" : concat(s.pids.limit)); }},
    {"io_bytes_total", "counter", "Bytes read and written.",
     [](const Stats& s) { return io_samples(s.io.service_bytes); }},
    {"io_operations_total", "counter", "Reads and writes.",
     [](const Stats& s) { return io_samples(s.io.serviced); }},
    {"hugetlb_bytes", "gauge", "Huge pages in use.",
     [](const Stats& s) { return hugetlb_samples(s, &cgroup::HugetlbStats::usage); }},
    {"hugetlb_failures_total", "counter", "Huge pages that the limit has refused.",
     [](const Stats& s) { return hugetlb_samples(s, &cgroup::HugetlbStats::failcnt); }},
    {"pressure_seconds_total", "counter", "Time in which some or all processes stood still.",
     pressure_samples},
};

/// 1234567 as "1.2M", in powers of 1024.
std::string human(std::uint64_t bytes) {
    constexpr std::string_view kUnits = "BKMGTPE";
    constexpr std::uint64_t kStep = 1024;
    constexpr std::uint64_t kTenths = 10;
    std::size_t unit = 0;
    std::uint64_t rest = 0;
    for (; bytes >= kStep && unit + 1 < kUnits.size(); ++unit) {
        rest = bytes % kStep;
        bytes /= kStep;
    }
    if (unit == 0) return concat(bytes, "B");
    return concat(bytes, ".", rest * kTenths / kStep, kUnits.substr(unit, 1));
}

std::uint64_t sum_of(const std::vector<cgroup::IoEntry>& entries, std::string_view operation) {
    std::uint64_t sum = 0;
    for (const auto& entry : entries)
        if (entry.operation == operation) sum += entry.value;
    return sum;
}

}  // namespace

std::string stats_table(const std::vector<Usage>& usages) {
    constexpr std::uint64_t kMillisecond = 1'000'000;
    constexpr std::uint64_t kThousand = 1000;
    std::vector<std::vector<std::string>> rows = {
        {"ID", "CPU", "MEMORY", "LIMIT", "PIDS", "READ", "WRITTEN"}};
    for (const auto& [id, stats] : usages) {
        const auto bound = stats.memory.usage.limit;
        rows.push_back({id, decimal(stats.cpu.total / kMillisecond, kThousand) + "s",
                        human(stats.memory.usage.usage), is_limit(bound) ? human(bound) : "-",
                        concat(stats.pids.current), human(sum_of(stats.io.service_bytes, "Read")),
                        human(sum_of(stats.io.service_bytes, "Write"))});
    }
    return table(rows);
}

std::string prometheus(const std::vector<Usage>& usages) {
    std::string out;
    for (const auto& family : kFamilies) {
        std::string lines;
        for (const auto& [id, stats] : usages)
            for (const auto& [labels, value] : family.samples(stats))
                lines += concat("cleat_", family.name, "{id=\"", escaped(id), "\"", labels, "} ",
                                value, "\n");
        if (lines.empty()) continue;
        out += concat("# HELP cleat_", family.name, " ", family.help, "\n# TYPE cleat_",
                      family.name, " ", family.type, "\n", lines);
    }
    return out;
}

}  // namespace cleat::cli

// Room: cgroup. What a resctrl file system tells of a container's groups; host process.
#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "internal.hpp"
#include "stats_files.hpp"

namespace cleat::cgroup {
namespace {

bool exists(const std::string& path) { return sys::exists_at(sys::kHere, path.c_str()); }

/// The group itself, if it is the default class, or the directory above it.
std::string root_of(const std::string& group) {
    return exists(group + "/info") ? group : group.substr(0, group.rfind('/'));
}

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \n");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \n") - first + 1));
}

std::vector<std::string> lines_of(const std::string& group) {
    std::vector<std::string> lines;
    const auto text = StatFiles(group).text("schemata");
    for (const auto line : split(text, '\n'))
        if (auto schema = trimmed(line); !schema.empty()) lines.push_back(std::move(schema));
    return lines;
}

/// The last line about the resource, whose name it begins with ("L3", "L3CODE").
std::string schema_of(const std::vector<std::string>& lines, std::string_view resource) {
    std::string found;
    for (const auto& line : lines)
        if (line.starts_with(resource)) found = line;
    return found;
}

void read_monitoring(const std::string& root, const std::string& group, RdtStats& stats) {
    const auto text = StatFiles(root + "/info/L3_MON").text("mon_features");
    for (const auto feature : words(text)) {
        if (feature.starts_with("mbm_") && !stats.traffic) stats.traffic.emplace();
        if (feature == "llc_occupancy") stats.occupancy.emplace();
    }
    const std::string data = group + "/mon_data";
    for (const auto& name :
         sys::list_directory_at(sys::kHere, data.c_str()).value_or(std::vector<std::string>{})) {
        const StatFiles files(concat(data, "/", name));
        if (stats.traffic)
            stats.traffic->push_back({.total = files.number("mbm_total_bytes"),
                                      .local = files.number("mbm_local_bytes")});
        if (stats.occupancy) stats.occupancy->push_back(files.number("llc_occupancy"));
    }
}

}  // namespace

std::optional<RdtStats> read_rdt_stats(const plan::RdtPlace& place) {
    if (place.group.empty()) return std::nullopt;
    const std::string root = root_of(place.group);
    const auto whole = lines_of(root);
    RdtStats stats{.schemata = lines_of(place.group)};
    if (exists(root + "/info/L3")) {
        const StatFiles info(root + "/info/L3");
        stats.cache =
            RdtStats::Resource<RdtStats::Cache>{.info = {.mask = trimmed(info.text("cbm_mask")),
                                                         .min_bits = info.number("min_cbm_bits"),
                                                         .classes = info.number("num_closids")},
                                                .root_schema = schema_of(whole, "L3"),
                                                .schema = schema_of(stats.schemata, "L3")};
    }
    if (exists(root + "/info/MB")) {
        const StatFiles info(root + "/info/MB");
        stats.bandwidth = RdtStats::Resource<RdtStats::Bandwidth>{
            .info = {.granularity = info.number("bandwidth_gran"),
                     .delay_linear = info.number("delay_linear"),
                     .minimum = info.number("min_bandwidth"),
                     .classes = info.number("num_closids")},
            .root_schema = schema_of(whole, "MB"),
            .schema = schema_of(stats.schemata, "MB")};
    }
    read_monitoring(root, place.monitor.empty() ? place.group : place.monitor, stats);
    return stats;
}

}  // namespace cleat::cgroup

// Room: cgroup. Controllers of the unified hierarchy (cgroup-v2.rst, "Controlling Controllers").
#include "controllers.hpp"

#include <algorithm>

#include "cleat/base/text.hpp"
#include "internal.hpp"

namespace cleat::cgroup {
namespace {

constexpr std::string_view kAvailable = "cgroup.controllers";
constexpr std::string_view kEnabled = "cgroup.subtree_control";

bool contains(const std::vector<std::string_view>& list, std::string_view item) {
    return std::ranges::find(list, item) != list.end();
}

bool file_lists(const std::string& path, std::string_view file, std::string_view item) {
    const auto text = read_file(path, file);
    return text && contains(words(*text), item);
}

/// The mount point and every cgroup from there down to the directory's parent.
std::vector<std::string> levels_above(const plan::CgroupDirectory& directory) {
    const std::string path = full_path(directory);
    std::vector<std::string> levels;
    for (std::size_t end = normal_path(directory.mountpoint).size(); end < path.size();) {
        levels.push_back(path.substr(0, end));
        end = path.find('/', end + 1);
    }
    return levels;
}

/// All at once, as one write is one change to the tree; one by one if that is refused, because one
/// controller that cannot be had (cpu, when there are real-time processes) takes all with it.
void enable(const std::string& level, const std::vector<std::string>& missing) {
    if (missing.empty() || write_file(level, kEnabled, join(missing, " "))) return;
    if (missing.size() == 1) return;
    for (const auto& one : missing) static_cast<void>(write_file(level, kEnabled, one));
}

}  // namespace

void enable_controllers(const plan::CgroupDirectory& directory) {
    const auto present = read_value(full_path(directory), kAvailable);
    if (!present) return;
    const auto in_place = words(*present);
    if (std::ranges::all_of(directory.controllers,
                            [&](const auto& name) { return contains(in_place, name); }))
        return;
    for (const auto& level : levels_above(directory)) {
        const auto available = read_file(level, kAvailable);
        const auto enabled = read_file(level, kEnabled);
        if (!available || !enabled) return;
        const auto can_have = words(*available);
        const auto has = words(*enabled);
        std::vector<std::string> missing;
        for (const auto& name : directory.controllers)
            if (contains(can_have, name) && !contains(has, name))
                missing.push_back(concat("+", name));
        enable(level, missing);
    }
}

bool has_unified_controller(const std::string& path, std::string_view controller) {
    return file_lists(path, kAvailable, controller);
}

std::string why_not_enabled(const plan::CgroupDirectory& directory, std::string_view controller) {
    for (const auto& level : levels_above(directory)) {
        if (!file_lists(level, kAvailable, controller)) return {};
        if (file_lists(level, kEnabled, controller)) continue;
        // A cgroup other than the root has processes or controllers for those below, not both
        // (cgroup-v2.rst, "No Internal Process Constraint"): EBUSY.
        const auto processes = read_file(level, "cgroup.procs");
        if (!processes || processes->empty()) return {};
        return concat(": processes in ", level, " keep it from being enabled");
    }
    return {};
}

}  // namespace cleat::cgroup

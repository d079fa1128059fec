// Room: conformance. The host's cgroup hierarchies. Looked at from outside, by the paths that any
// administrator would use: nothing of the runtime that is judged is believed.
#include "cgroups.hpp"

#include <algorithm>
#include <csignal>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/process.hpp"
#include "facts.hpp"

namespace cleat::conformance {
namespace {

/// A limit by config.json's name, and its files; a name with "=" is the value of that word in it.
struct Limit {
    const char* name;
    const char* controller;
    const char* file_v1;
    const char* file_v2;
};
constexpr Limit kLimits[] = {
    {"pids.limit", "pids", "pids.max", "pids.max"},
    {"memory.limit", "memory", "memory.limit_in_bytes", "memory.max"},
    {"memory.reservation", "memory", "memory.soft_limit_in_bytes", "memory.low"},
    {"memory.swap", "memory", "memory.memsw.limit_in_bytes", "memory.swap.max"},
    {"memory.swappiness", "memory", "memory.swappiness", ""},
    {"memory.oom", "memory", "memory.oom_control", ""},
    {"memory.hierarchy", "memory", "memory.use_hierarchy", ""},
    {"memory.usage", "memory", "memory.usage_in_bytes", "memory.current"},
    {"cpu.shares", "cpu", "cpu.shares", "cpu.weight"},
    {"cpu.quota", "cpu", "cpu.cfs_quota_us", "cpu.max"},
    {"cpu.period", "cpu", "cpu.cfs_period_us", ""},
    {"cpu.burst", "cpu", "cpu.cfs_burst_us", "cpu.max.burst"},
    {"cpu.idle", "cpu", "cpu.idle", "cpu.idle"},
    {"cpuset.cpus", "cpuset", "cpuset.cpus", "cpuset.cpus"},
    {"cpuset.mems", "cpuset", "cpuset.mems", "cpuset.mems"},
    {"devices", "devices", "devices.list", ""},
    {"blkio.weight", "blkio", "blkio.weight", "io.weight"},
    {"blkio.read", "blkio", "blkio.throttle.read_bps_device", "io.max"},
    {"blkio.write", "blkio", "blkio.throttle.write_iops_device", "io.max"},
    {"freezer", "freezer", "freezer.state", "cgroup.freeze"},
};

bool is_controller(std::string_view option) {
    return option != "rw" && option != "ro" && !option.starts_with("xattr") &&
           !option.starts_with("name=") && option != "clone_children" &&
           !option.starts_with("release_agent");
}

std::vector<std::string> words_of(const std::string& line, char separator) {
    std::vector<std::string> out;
    for (const auto word : split(line, separator))
        if (!word.empty()) out.emplace_back(word);
    return out;
}

/// Of a line of mountinfo; a hierarchy without a point is none.
Hierarchy hierarchy_of(std::string_view line) {
    constexpr std::size_t kPoint = 4;
    const auto words = split(line, ' ');
    const auto dash =
        static_cast<std::size_t>(std::ranges::find(words, std::string_view("-")) - words.begin());
    if (dash + 4 > words.size()) return {};
    const auto type = words[dash + 1];
    if (type != "cgroup" && type != "cgroup2") return {};
    Hierarchy out{.point = std::string(words[kPoint]), .controllers = {}};
    if (type == "cgroup2") {
        out.version = Hierarchy::Version::V2;
        out.controllers = words_of(content_of(out.point + "/cgroup.controllers"), ' ');
        // They have no file of their own there, and are always there.
        for (const char* const name : {"freezer", "devices"}) out.controllers.emplace_back(name);
        return out;
    }
    for (const auto option : split(words[dash + 3], ','))
        if (is_controller(option)) out.controllers.emplace_back(option);
    return out;
}

/// This directory and all below it, the deepest first.
void collect(const std::string& directory, std::vector<std::string>& out) {
    const auto names = sys::list_directory_at(sys::kHere, directory.c_str());
    if (!names) return;
    for (const auto& name : *names) {
        const std::string below = concat(directory, "/", name);
        const auto status = sys::stat_at(sys::kHere, below.c_str());
        if (status && S_ISDIR(status->st_mode)) collect(below, out);
    }
    out.push_back(directory);
}

void kill_all(const std::string& directory) {
    static_cast<void>(
        sys::write_text_at(sys::kHere, (directory + "/freezer.state").c_str(), "THAWED"));
    static_cast<void>(sys::write_text_at(sys::kHere, (directory + "/cgroup.freeze").c_str(), "0"));
    for (const auto& word : words_of(content_of(directory + "/cgroup.procs"), '\n')) {
        const auto pid = parse_number<pid_t>(word);
        const auto pidfd = pid && *pid > 0 ? sys::open_pidfd(*pid) : fail_errno("none", ESRCH);
        if (!pidfd) continue;
        static_cast<void>(sys::send_signal(pidfd->get(), {SIGKILL}));
        static_cast<void>(sys::wait_gone(pidfd->get(), std::chrono::seconds(1)));
    }
}

}  // namespace

Cgroups Cgroups::look() {
    Cgroups out;
    const std::string table = content_of("/proc/self/mountinfo");
    for (const auto line : split(table, '\n'))
        if (auto found = hierarchy_of(line); !found.point.empty())
            out.hierarchies_.push_back(std::move(found));
    // A controller of v1 is the one that is used, so those come first.
    std::ranges::stable_sort(out.hierarchies_, {}, &Hierarchy::version);
    return out;
}

std::string Cgroups::layout() const {
    if (hierarchies_.empty()) return "none";
    const bool has_v1 = hierarchies_.front().version == Hierarchy::Version::V1;
    const bool has_v2 = hierarchies_.back().version == Hierarchy::Version::V2;
    return has_v1 && has_v2 ? "hybrid" : has_v1 ? "v1" : "v2";
}

const Hierarchy* Cgroups::with(std::string_view controller) const {
    for (const auto& one : hierarchies_)
        if (std::ranges::find(one.controllers, controller) != one.controllers.end()) return &one;
    return nullptr;
}

bool Cgroups::exists(const std::string& path) const {
    return std::ranges::any_of(hierarchies_, [&](const Hierarchy& one) {
        return sys::exists_at(sys::kHere, (one.point + path).c_str());
    });
}

Value Cgroups::values(const std::string& path) const {
    Value out = object();
    put(out, "layout", text(layout()));
    put(out, "exists", boolean(exists(path)));
    for (const auto& limit : kLimits) {
        const Hierarchy* const one = with(limit.controller);
        if (one == nullptr) continue;
        const std::string file =
            one->version == Hierarchy::Version::V1 ? limit.file_v1 : limit.file_v2;
        const std::string full = concat(one->point, path, "/", file);
        if (!file.empty() && sys::exists_at(sys::kHere, full.c_str()))
            put(out, limit.name, text(content_of(full)));
    }
    Value members = array();
    for (const auto& one : hierarchies_) {
        const auto pids = words_of(content_of(concat(one.point, path, "/cgroup.procs")), '\n');
        if (!pids.empty()) members = texts(pids);
    }
    put(out, "members", std::move(members));
    return out;
}

void Cgroups::remove(const std::string& path) const {
    for (const auto& one : hierarchies_)
        static_cast<void>(sys::remove_directory_at(sys::kHere, (one.point + path).c_str()));
}

void Cgroups::sweep(const std::string& path) const {
    const auto slash = path.rfind('/');
    const std::string parent = path.substr(0, slash);
    for (const auto& one : hierarchies_) {
        const auto names = sys::list_directory_at(sys::kHere, (one.point + parent + "/").c_str());
        if (!names) continue;
        std::vector<std::string> found;
        for (const auto& name : *names)
            if (name.starts_with(path.substr(slash + 1)))
                collect(concat(one.point, parent, "/", name), found);
        for (const auto& directory : found) kill_all(directory);
        for (const auto& directory : found)
            static_cast<void>(sys::remove_directory_at(sys::kHere, directory.c_str()));
    }
}

}  // namespace cleat::conformance

// Room: conformance. What the host shows of a container, for the differential mode.
#include "diff_look.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "facts.hpp"

namespace cleat::conformance {
namespace {

constexpr const char* kStatus[] = {"Uid",
                                   "Gid",
                                   "Groups",
                                   "Umask",
                                   "SigBlk",
                                   "SigIgn",
                                   "SigCgt",
                                   "CapInh",
                                   "CapPrm",
                                   "CapEff",
                                   "CapBnd",
                                   "CapAmb",
                                   "NoNewPrivs",
                                   "Seccomp",
                                   "Speculation_Store_Bypass",
                                   "SpeculationIndirectBranch",
                                   "THP_enabled",
                                   "Cpus_allowed_list"};

/// Files of a cgroup that are no limits, or that change without anybody's doing.
bool is_limit(std::string_view name) {
    constexpr std::string_view kNone[] = {
        "cgroup.procs", "tasks",       "cgroup.event_control", "usage", "failcnt",       "pressure",
        "stat",         "force_empty", "cgroup.threads",       "peak",  "clone_children"};
    return std::ranges::none_of(kNone,
                                [&](std::string_view one) { return name.find(one) != name.npos; });
}

/// A set of rules: each is a fact of its own.
Value lines_as_members(const std::string& content) {
    Value out = object();
    for (const auto line : split(content, '\n')) {
        std::string name(line);
        put(out, name, boolean(true));
    }
    return out;
}

/// The files of one cgroup that can be written, with what is in them.
void add_limits(Value& out, const std::string& directory) {
    const auto names = sys::list_directory_at(sys::kHere, directory.c_str());
    for (const auto& name : names.value_or(std::vector<std::string>{})) {
        const std::string path = concat(directory, "/", name);
        const auto status = sys::stat_at(sys::kHere, path.c_str());
        if (!status || !S_ISREG(status->st_mode) || !is_limit(name)) continue;
        const bool is_devices = name == "devices.list";
        if (is_devices)
            put(out, name, lines_as_members(content_of(path)));
        else if ((status->st_mode & S_IWUSR) != 0)
            put(out, name, text(content_of(path)));
    }
}

/// A set of signals without 32 and 33, which are the C library's own: how they are set depends on
/// the caller of this program.
std::string without_own_signals(const std::string& mask) {
    constexpr std::uint64_t kOwn = 3ULL << 31U;
    constexpr int kHex = 16;
    const auto number = parse_number<std::uint64_t>(mask, kHex).value_or(0) & ~kOwn;
    std::string out;
    for (int i = 1; i <= 64; ++i)
        if ((number >> (static_cast<unsigned>(i) - 1U) & 1U) != 0)
            out += concat(out.empty() ? "" : " ", i);
    return out;
}

Value process_facts(const std::string& process) {
    Value out = object();
    for (const char* const name : kStatus) {
        const std::string value = status_line(process, name);
        const bool is_signals = std::string_view(name).starts_with("Sig");
        put(out, name, text(is_signals ? without_own_signals(value) : value));
    }
    for (const char* const name : {"oom_score_adj", "timerslack_ns", "coredump_filter", "cgroup",
                                   "uid_map", "gid_map", "setgroups"})
        put(out, name, text(content_of(concat("/proc/", process, "/", name))));
    for (const char* const name : {"root", "cwd", "exe"}) {
        const auto target =
            sys::read_link_at(sys::kHere, concat("/proc/", process, "/", name).c_str());
        put(out, name, text(target.value_or("?")));
    }
    put(out, "threads",
        number(static_cast<std::int64_t>(
            sys::list_directory_at(sys::kHere, concat("/proc/", process, "/task").c_str())
                .value_or(std::vector<std::string>{})
                .size())));
    return out;
}

/// Type, mode, owner and device numbers of a file.
std::string short_facts(const std::string& path) {
    Value facts = file_facts(path);
    std::erase_if(facts.members, [](const auto& entry) {
        return entry.first == "size" || entry.first == "target";
    });
    return dump(facts);
}

void add_tree(Value& out, const std::string& directory, const std::string& prefix, int depth) {
    const auto names = sys::list_directory_at(sys::kHere, directory.c_str());
    for (const auto& name : names.value_or(std::vector<std::string>{})) {
        if (name == "hooks.log" || name == "probe") continue;
        const std::string path = concat(directory, "/", name);
        Value facts = file_facts(path);
        const bool is_directory = text_at(facts, "type") == "d";
        const std::string type = text_at(facts, "type");
        std::erase_if(facts.members, [&](const auto& entry) {
            return entry.first == (type == "c" || type == "b" ? "size" : "device") ||
                   (entry.first == "size" && type != "f");
        });
        const std::string key = concat(prefix, name);
        put(out, key, text(dump(facts)));
        if (is_directory && depth > 0) add_tree(out, path, key + ":", depth - 1);
    }
}

}  // namespace

Baseline baseline_of(pid_t holder) {
    Baseline out{.mountinfo = content_of("/proc/self/mountinfo"),
                 .namespaces = namespaces_of("self"),
                 .holder = holder};
    if (holder > 0) out.held = namespaces_of(concat(holder));
    return out;
}

Value namespace_labels(const Value& namespaces, const Baseline& before) {
    Value out = object();
    for (const auto& [name, value] : namespaces.members) {
        const bool is_host = text_at(before.namespaces, name) == value.text;
        const bool is_joined = text_at(before.held, name) == value.text;
        put(out, name, text(is_host ? "host" : is_joined ? "joined" : "new"));
    }
    return out;
}

std::string cgroup_of(pid_t pid, std::string_view controller) {
    const std::string table = content_of(concat("/proc/", pid, "/cgroup"));
    std::string unified;
    for (const auto line : split(table, '\n')) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        const auto names = split(line.substr(first + 1, second - first - 1), ',');
        if (std::ranges::find(names, controller) != names.end())
            return std::string(line.substr(second + 1));
        if (names.size() == 1 && names[0].empty()) unified = line.substr(second + 1);
    }
    return unified;
}

Value tree_of(const std::string& directory, int depth) {
    Value out = object();
    add_tree(out, directory, "", depth);
    return out;
}

Value look_outside(pid_t pid, const Baseline& before) {
    const std::string process = concat(pid);
    Value out = process_facts(process);
    put(out, "namespaces", namespace_labels(namespaces_of(process), before));
    Value mounts = mounts_of(content_of(concat("/proc/", process, "/mountinfo")), before);
    for (auto& [point, mount] : mounts.members) {
        std::string path(point.substr(0, point.find(' ')));
        std::ranges::replace(path, ':', '/');
        put(mount, "top", text(short_facts(concat("/proc/", process, "/root", path))));
    }
    put(out, "mounts", std::move(mounts));
    put(out, "dev", tree_of(concat("/proc/", process, "/root/dev"), 1));
    Value limits = object();
    std::set<std::string> seen;
    const auto cgroups = Cgroups::look();
    for (const auto& hierarchy : cgroups.hierarchies()) {
        const std::string name = hierarchy.controllers.empty() ? "" : hierarchy.controllers[0];
        const std::string path = cgroup_of(pid, name);
        if (path.size() > 1 && seen.insert(hierarchy.point).second)
            add_limits(limits, hierarchy.point + path);
    }
    put(out, "cgroup-files", std::move(limits));
    return out;
}

Value look_left(Stage& stage, const Baseline& before, const std::vector<std::string>& cgroups) {
    const auto points = [](const std::string& mountinfo) {
        std::multiset<std::string> out;
        for (const auto line : split(mountinfo, '\n')) {
            const auto words = split(line, ' ');
            if (words.size() > 4) out.emplace(words[4]);
        }
        return out;
    };
    Value mounts = array();
    auto old = points(before.mountinfo);
    for (const auto& point : points(content_of("/proc/self/mountinfo"))) {
        const auto found = old.find(point);
        if (found == old.end())
            append(mounts, text(point));
        else
            old.erase(found);
    }
    Value out = object();
    put(out, "mounts", std::move(mounts));
    put(out, "unmounted", texts({old.begin(), old.end()}));
    Value groups = array();
    for (const auto& path : cgroups)
        if (stage.known.cgroups.exists(path)) append(groups, text(path));
    put(out, "cgroups", std::move(groups));
    put(out, "state",
        texts(sys::list_directory_at(sys::kHere, stage.state_root().c_str())
                  .value_or(std::vector<std::string>{})));
    const auto running = Children::running();
    const auto count =
        std::ranges::count_if(running, [&](pid_t pid) { return pid != before.holder; });
    put(out, "processes", number(count));
    return out;
}

}  // namespace cleat::conformance

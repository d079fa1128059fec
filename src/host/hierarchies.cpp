// Room: host. Which cgroup hierarchies and which resctrl file system are mounted where: pure
// functions over texts of procfs.
#include <algorithm>
#include <optional>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/host/probe.hpp"
#include "parse.hpp"

namespace cleat::host {
namespace {

constexpr std::string_view kUsualPlace = "/sys/fs/cgroup";

/// One line of mountinfo (proc_pid_mountinfo(5)); texts still have their octal escapes.
struct Mount {
    unsigned id;
    unsigned parent;
    std::string_view root;
    std::string_view point;
    std::string_view type;
    std::string_view options;  ///< of the superblock
};

/// One line of /proc/self/cgroup: "4:memory:/a", "0::/b" (cgroups(7)).
struct Membership {
    std::vector<std::string_view> controllers;  ///< none: the unified hierarchy
    std::string_view path;
};

/// A mounted hierarchy and which line of /proc/self/cgroup is about it.
struct Candidate {
    const Membership* membership = nullptr;
    const Mount* mount = nullptr;
};

std::optional<Mount> parse_mount(std::string_view line) {
    constexpr std::size_t kFirstOptionalField = 6;
    const auto fields = split(line, ' ');
    if (fields.size() < kFirstOptionalField) return std::nullopt;
    const auto separator = std::find(fields.begin() + kFirstOptionalField, fields.end(), "-");
    if (fields.end() - separator < 4) return std::nullopt;
    const auto id = parse_number<unsigned>(fields[0]);
    const auto parent = parse_number<unsigned>(fields[1]);
    if (!id || !parent) return std::nullopt;
    return Mount{.id = *id,
                 .parent = *parent,
                 .root = fields[3],
                 .point = fields[4],
                 .type = separator[1],
                 .options = separator[3]};
}

std::vector<Mount> parse_mounts(std::string_view mountinfo) {
    std::vector<Mount> mounts;
    for (const auto line : split(mountinfo, '\n'))
        if (const auto mount = parse_mount(line)) mounts.push_back(*mount);
    return mounts;
}

std::vector<Membership> parse_memberships(std::string_view cgroup) {
    std::vector<Membership> memberships;
    for (const auto line : split(cgroup, '\n')) {
        const auto first = line.find(':');
        if (first == std::string_view::npos) continue;
        const auto second = line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        Membership membership{.controllers = {}, .path = line.substr(second + 1)};
        const auto list = line.substr(first + 1, second - first - 1);
        if (!list.empty()) membership.controllers = split(list, ',');
        memberships.push_back(std::move(membership));
    }
    return memberships;
}

std::string unescape(std::string_view text) {
    constexpr std::size_t kDigits = 3;
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto code = text[i] == '\\' && i + kDigits < text.size()
                              ? parse_number<unsigned>(text.substr(i + 1, kDigits), 8)
                              : std::nullopt;
        plain += code ? static_cast<char>(*code) : text[i];
        if (code) i += kDigits;
    }
    return plain;
}

/// Whether `inner` is below `outer` (and not the same).
bool is_below(std::string_view inner, std::string_view outer) {
    if (outer == "/") return inner.size() > 1;
    return inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '/';
}

/// Whether another mount keeps a path look-up from arriving at `mount`: one on top of it, or one
/// on the same parent further up the path. The mount that the look-up goes on to (`next`, or null)
/// may be the one on top: a new /sys over the old one.
bool is_covered(const Mount& mount, const Mount* next, const std::vector<Mount>& mounts) {
    return std::ranges::any_of(mounts, [&](const Mount& other) {
        if (&other == next) return false;
        if (other.parent == mount.id && other.point == mount.point) return other.id != mount.id;
        return other.parent == mount.parent && is_below(mount.point, other.point);
    });
}

bool is_reachable(const Mount& mount, const std::vector<Mount>& mounts) {
    constexpr int kDeepest = 64;  // a text that names itself as its parent must end, too
    const Mount* level = &mount;
    const Mount* next = nullptr;
    for (int depth = 0; depth < kDeepest; ++depth) {
        if (is_covered(*level, next, mounts)) return false;
        const auto parent = std::ranges::find(mounts, level->parent, &Mount::id);
        if (parent == mounts.end() || &*parent == level) return true;
        next = std::exchange(level, &*parent);
    }
    return false;
}

/// The superblock's options of a v1 hierarchy are its controllers among others, so the line of
/// /proc/self/cgroup tells which of them are controllers.
bool is_about(const Membership& membership, const Mount& mount) {
    if (mount.type == "cgroup2") return membership.controllers.empty();
    if (membership.controllers.empty()) return false;
    const auto options = split(mount.options, ',');
    return std::ranges::all_of(membership.controllers, [&](std::string_view controller) {
        return std::ranges::find(options, controller) != options.end();
    });
}

bool at_usual_place(const Mount& mount) {
    return mount.point == kUsualPlace || is_below(mount.point, kUsualPlace);
}

/// A hierarchy that is mounted more than once is used where everybody looks for it.
void add(std::vector<Candidate>& candidates, const Candidate& found) {
    const auto same = std::ranges::find(candidates, found.membership, &Candidate::membership);
    if (same == candidates.end())
        candidates.push_back(found);
    else if (at_usual_place(*found.mount) && !at_usual_place(*same->mount))
        *same = found;
}

plan::CgroupHierarchy describe_candidate(const Candidate& candidate) {
    const auto& controllers = candidate.membership->controllers;
    return {.controllers = {controllers.begin(), controllers.end()},
            .mountpoint = unescape(candidate.mount->point),
            .mount_root = unescape(candidate.mount->root),
            .own_path = std::string(candidate.membership->path),
            .unified = candidate.mount->type == "cgroup2"};
}

}  // namespace

std::vector<plan::CgroupHierarchy> parse_hierarchies(std::string_view mountinfo,
                                                     std::string_view cgroup) {
    const auto mounts = parse_mounts(mountinfo);
    const auto memberships = parse_memberships(cgroup);
    std::vector<Candidate> candidates;
    for (const Mount& mount : mounts) {
        if (mount.type != "cgroup" && mount.type != "cgroup2") continue;
        const auto about = std::ranges::find_if(
            memberships, [&](const Membership& line) { return is_about(line, mount); });
        if (about == memberships.end() || !is_reachable(mount, mounts)) continue;
        add(candidates, {.membership = &*about, .mount = &mount});
    }
    std::vector<plan::CgroupHierarchy> hierarchies;
    hierarchies.reserve(candidates.size());
    for (const Candidate& candidate : candidates)
        hierarchies.push_back(describe_candidate(candidate));
    return hierarchies;
}

std::string parse_resctrl(std::string_view mountinfo) {
    if (mountinfo.find(" resctrl ") == std::string_view::npos) return {};
    const auto mounts = parse_mounts(mountinfo);
    const auto found = std::ranges::find_if(mounts, [&](const Mount& mount) {
        return mount.type == "resctrl" && mount.root == "/" && is_reachable(mount, mounts);
    });
    return found == mounts.end() ? std::string() : unescape(found->point);
}

plan::CgroupMode mode_of(const std::vector<plan::CgroupHierarchy>& hierarchies) {
    if (hierarchies.empty()) return plan::CgroupMode::None;
    const auto unified = std::ranges::find(hierarchies, true, &plan::CgroupHierarchy::unified);
    if (unified == hierarchies.end()) return plan::CgroupMode::Legacy;
    if (hierarchies.size() == 1 || unified->mountpoint == kUsualPlace)
        return plan::CgroupMode::Unified;
    return plan::CgroupMode::Hybrid;
}

}  // namespace cleat::host

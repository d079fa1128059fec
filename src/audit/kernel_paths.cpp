// Room: audit. What the container has of /proc, /sys and the kernel's other file systems; pure.
#include <algorithm>
#include <array>

#include "cleat/base/text.hpp"
#include "weaknesses.hpp"

namespace cleat::audit {
namespace {

/// A file below a procfs, and how bad it is to have it.
struct Part {
    std::string_view path;
    Risk risk;
};

constexpr Part kTelling[] = {
    {"kcore", Risk::Medium},    {"keys", Risk::Medium},       {"timer_list", Risk::Low},
    {"sched_debug", Risk::Low}, {"latency_stats", Risk::Low}, {"timer_stats", Risk::Low},
    {"scsi", Risk::Medium},     {"acpi", Risk::Low},          {"asound", Risk::Low},
};
constexpr Part kSwitches[] = {
    {"sys", Risk::High},   {"sysrq-trigger", Risk::High}, {"irq", Risk::Medium},
    {"bus", Risk::Medium}, {"fs", Risk::Medium},
};
// What they show and change is of the whole machine, whatever the namespaces are.
constexpr std::array<std::string_view, 8> kInsides = {
    "debugfs", "tracefs", "securityfs", "bpf", "efivarfs", "configfs", "devtmpfs", "pstore"};

bool is_covered(std::string_view path, const std::vector<std::string>& list) {
    return std::ranges::any_of(
        list, [&](const std::string& entry) { return is_within(path, normal_path(entry)); });
}

/// Those of the parts that no list covers, and the worst of them.
struct Open {
    std::vector<std::string> paths;
    Risk risk = Risk::Low;
};

using Lists = std::vector<const std::vector<std::string>*>;

template <std::size_t count>
Open open_parts(const Part (&parts)[count], std::string_view procfs, const Lists& lists) {
    Open open;
    for (const auto& part : parts) {
        const auto path = concat(procfs, "/", part.path);
        if (std::ranges::any_of(lists, [&](const auto* list) { return is_covered(path, *list); }))
            continue;
        open.paths.push_back(path);
        open.risk = std::max(open.risk, part.risk);
    }
    return open;
}

void proc(Audit& audit, const spec::Mount& mount) {
    const auto& linux = audit.spec().linux;
    if (has_option(mount, "subset=pid")) return;
    const auto place = normal_path(mount.destination);
    if (const auto open = open_parts(kTelling, place, {&linux.masked_paths}); !open.paths.empty())
        audit.add({.rule = Rule::UnmaskedPaths,
                   .risk = audit.behind_users(open.risk),
                   .pointer = "/linux/maskedPaths",
                   .why = concat("can read ", join(open.paths, ", ")),
                   .fix = "add them to /linux/maskedPaths"});
    if (is_readonly(mount)) return;
    const auto open = open_parts(kSwitches, place, {&linux.masked_paths, &linux.readonly_paths});
    if (!open.paths.empty())
        audit.add({.rule = Rule::WritableProc,
                   .risk = audit.behind_users(open.risk),
                   .pointer = "/linux/readonlyPaths",
                   .why = concat("can write below ", join(open.paths, ", ")),
                   .fix = "add them to /linux/readonlyPaths"});
}

void sysfs(Audit& audit, const spec::Mount& mount, const std::string& pointer) {
    const auto place = normal_path(mount.destination);
    const auto& linux = audit.spec().linux;
    if (!is_readonly(mount) && !is_covered(place, linux.readonly_paths))
        audit.add({.rule = Rule::WritableSysfs,
                   .risk = audit.behind_users(Risk::High),
                   .pointer = pointer + "/options",
                   .why = concat("can write below ", place,
                                 ", where the kernel and its devices "
                                 "are set"),
                   .fix = "add the option \"ro\""});
    const auto firmware = place + "/firmware";
    if (!is_covered(firmware, linux.masked_paths) && !audit.has("/linux/maskedPaths"))
        audit.add({.rule = Rule::UnmaskedPaths,
                   .risk = Risk::Low,
                   .pointer = "/linux/maskedPaths",
                   .why = concat("can read ", firmware),
                   .fix = "add it to /linux/maskedPaths"});
}

void cgroups(Audit& audit, const spec::Mount& mount, const std::string& pointer) {
    if (is_readonly(mount)) return;
    const bool own = audit.has_own(spec::NamespaceType::Cgroup);
    audit.add({.rule = Rule::WritableCgroups,
               .risk = audit.behind_users(own ? Risk::Medium : Risk::High),
               .pointer = pointer + "/options",
               .why = own ? "can change its own limits, and on cgroup v1 name a program that the "
                            "host runs (release_agent)"
                          : "can change limits, also those of others",
               .fix = "add the option \"ro\""});
}

}  // namespace

void audit_kernel_paths(Audit& audit) {
    const auto& mounts = audit.spec().mounts;
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        const auto& mount = mounts[i];
        const auto pointer = concat("/mounts/", i);
        if (is_bind(mount)) continue;
        if (mount.type == "proc") proc(audit, mount);
        if (mount.type == "sysfs") sysfs(audit, mount, pointer);
        if (mount.type == "cgroup" || mount.type == "cgroup2") cgroups(audit, mount, pointer);
        if (std::ranges::find(kInsides, mount.type) != kInsides.end())
            audit.add({.rule = Rule::KernelFileSystem,
                       .risk = audit.behind_users(Risk::Critical),
                       .pointer = pointer + "/type",
                       .why = concat(mount.type, " shows and sets what is the whole machine's"),
                       .fix = "leave the mount out"});
    }
}

}  // namespace cleat::audit

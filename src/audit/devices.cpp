// Room: audit. Devices that are made in the container, and those that its cgroup allows; pure.
#include <algorithm>
#include <array>

#include "cleat/base/text.hpp"
#include "weaknesses.hpp"

namespace cleat::audit {
namespace {

/// Character devices by number (Documentation/admin-guide/devices.txt).
struct Known {
    std::int64_t major;
    std::optional<std::int64_t> minor;
    std::optional<Risk> risk;
    std::string_view what;
};

constexpr Known kKnown[] = {
    {1, 1, Risk::Critical, "the machine's memory"},
    {1, 2, Risk::Critical, "the kernel's memory"},
    {1, 4, Risk::Critical, "the machine's ports"},
    {1, 11, Risk::Medium, "the kernel's log"},
    {1, {}, {}, ""},
    {5, {}, {}, ""},
    {136, {}, {}, ""},
    {10, 200, Risk::Low, "tunnels"},
    {10, 229, Risk::Low, "FUSE"},
    {10, 232, Risk::Low, "KVM"},
    {10, 237, Risk::High, "disks made of files"},
    {10, 236, Risk::High, "the device mapper"},
    {10, {}, Risk::Medium, "a device of the host"},
    {4, {}, Risk::Medium, "consoles of the host"},
    {21, {}, Risk::High, "disks of the host"},
};

struct Device {
    std::string_view type;
    std::optional<std::int64_t> major;
    std::optional<std::int64_t> minor;
};

struct Verdict {
    std::optional<Risk> risk;
    std::string_view what;
};

Verdict judge(const Device& device) {
    if (device.type == "p") return {};
    if (!device.major) return {Risk::Critical, "every device of the host"};
    if (device.type == "b") return {Risk::High, "a disk of the host"};
    // All of one major number is as bad as the worst of its minors.
    Verdict verdict{Risk::Medium, "a device of the host"};
    bool found = false;
    for (const auto& known : kKnown) {
        if (known.major != device.major) continue;
        if (device.minor && (!known.minor || known.minor == device.minor))
            return {known.risk, known.what};
        if (!device.minor && (!found || verdict.risk < known.risk))
            verdict = {known.risk, known.what};
        found = true;
    }
    return verdict;
}

void made(Audit& audit, const spec::Device& device, const std::string& pointer) {
    const auto verdict = judge({.type = device.type, .major = device.major, .minor = device.minor});
    if (!verdict.risk) return;
    audit.add({.rule = Rule::HostDevice,
               .risk = *verdict.risk,
               .pointer = pointer,
               .why = concat(device.path, " (", device.type, " ", device.major, ":", device.minor,
                             ") is ", verdict.what),
               .fix = "leave the device out"});
}

/// That a node may be made is no right to open it: engines allow it for all.
bool opens(const spec::DeviceRule& rule) {
    return rule.access.empty() || rule.access.find_first_of("rw") != std::string::npos;
}

void allowed(Audit& audit, const spec::DeviceRule& rule, const std::string& pointer) {
    if (!rule.allow || !opens(rule)) return;
    const bool all = rule.type.empty() || rule.type == "a";
    const auto verdict = judge({.type = all ? "a" : std::string_view(rule.type),
                                .major = all ? std::optional<std::int64_t>{} : rule.major,
                                .minor = rule.minor});
    if (!verdict.risk) return;
    audit.add({.rule = Rule::HostDevice,
               .risk = audit.behind_users(*verdict.risk),
               .pointer = pointer,
               .why = concat("its control group allows ", verdict.what),
               .fix = "deny all, then allow the numbers that are needed"});
}

}  // namespace

void audit_devices(Audit& audit) {
    const auto& linux = audit.spec().linux;
    for (std::size_t i = 0; i < linux.devices.size(); ++i)
        made(audit, linux.devices[i], concat("/linux/devices/", i));
    if (!linux.resources) return;
    const auto& rules = linux.resources->devices;
    for (std::size_t i = 0; i < rules.size(); ++i)
        allowed(audit, rules[i], concat("/linux/resources/devices/", i));
}

void audit_limits(Audit& audit) {
    static const spec::Resources kNone;
    const auto& given = audit.spec().linux.resources;
    const auto& resources = given ? *given : kNone;
    const auto unified = [&](const char* file) { return resources.unified.contains(file); };
    const bool processes = resources.pids && resources.pids->limit.value_or(0) > 0;
    if (!processes && !unified("pids.max"))
        audit.add({.rule = Rule::NoProcessLimit,
                   .risk = Risk::Medium,
                   .pointer = "/linux/resources/pids",
                   .why = "can fill the host's table of processes",
                   .fix = "write \"pids\": {\"limit\": 1024} in /linux/resources"});
    const bool memory = resources.memory && resources.memory->limit.value_or(0) > 0;
    if (!memory && !unified("memory.max"))
        audit.add({.rule = Rule::NoMemoryLimit,
                   .risk = Risk::Low,
                   .pointer = "/linux/resources/memory",
                   .why = "can take all memory of the host",
                   .fix = "write \"memory\": {\"limit\": 536870912} in /linux/resources"});
    const auto& root = audit.spec().root;
    if (root && !root->readonly)
        audit.add({.rule = Rule::WritableRoot,
                   .risk = Risk::Low,
                   .pointer = "/root/readonly",
                   .why = "who breaks in can change the programs of the container",
                   .fix = "write \"readonly\": true, and mount a tmpfs where it writes"});
}

}  // namespace cleat::audit

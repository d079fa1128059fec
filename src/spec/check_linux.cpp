// Room: spec. Rules of /linux but resources, seccomp and sysctl (config-linux.md).
#include <algorithm>
#include <array>
#include <set>

#include "check.hpp"
#include "cleat/spec/annotations.hpp"

namespace cleat::spec {
namespace {

void check_namespaces(const Spec& spec, Complaints& complaints) {
    std::set<NamespaceType> seen;
    const auto& namespaces = spec.linux.namespaces;
    for (std::size_t i = 0; i < namespaces.size(); ++i) {
        const auto pointer = concat("/linux/namespaces/", i);
        const auto& entry = namespaces[i];
        if (!seen.insert(entry.type).second)
            complaints.add(pointer, concat("duplicate namespace ", name_of(entry.type)));
        if (!entry.path.empty() && !entry.path.starts_with('/'))
            complaints.add(pointer + "/path", "namespace path must be absolute");
    }
}

void check_time_offsets(const Spec& spec, Complaints& complaints) {
    constexpr std::uint32_t kSecond = 1000000000;
    for (const auto& [clock, offset] : spec.linux.time_offsets) {
        const auto pointer = pointer_push("/linux/timeOffsets", clock);
        if (clock != "monotonic" && clock != "boottime")
            complaints.add(pointer, concat("unknown clock ", quoted(clock)));
        if (offset.nanosecs >= kSecond)
            complaints.add(pointer + "/nanosecs", "must be less than a second");
    }
    const auto* time = find_namespace(spec, NamespaceType::Time);
    if (!spec.linux.time_offsets.empty() && (time == nullptr || !time->path.empty()))
        complaints.add("/linux/timeOffsets", "needs a new time namespace in /linux/namespaces");
}

void check_device(const Device& device, const std::string& pointer, Complaints& complaints) {
    constexpr std::uint32_t kModeAndKind = 0177777;  // engines send st_mode, the kind included
    constexpr std::int64_t kMaxMajor = 4095;
    constexpr std::int64_t kMaxMinor = 1048575;
    if (!device.path.starts_with('/'))
        complaints.add(pointer + "/path",
                       concat("device path ", quoted(device.path), " must be absolute"));
    const bool known = device.type.size() == 1 &&
                       std::string_view("cbup").find(device.type) != std::string_view::npos;
    if (!known)
        complaints.add(pointer + "/type", concat("unknown device type ", quoted(device.type)));
    if (device.major < 0 || device.major > kMaxMajor)
        complaints.add(pointer + "/major", "device major must be 0 to 4095");
    if (device.minor < 0 || device.minor > kMaxMinor)
        complaints.add(pointer + "/minor", "device minor must be 0 to 1048575");
    if (known && device.type != "p" && device.major == 0 && device.minor == 0)
        complaints.add(pointer + "/major", "a device node needs major and minor");
    if (device.file_mode && *device.file_mode > kModeAndKind)
        complaints.add(pointer + "/fileMode", "fileMode has more than permission bits");
}

void check_path_list(const std::vector<std::string>& paths, std::string_view name,
                     Complaints& complaints) {
    for (std::size_t i = 0; i < paths.size(); ++i) {
        const auto pointer = concat("/linux/", name, "/", i);
        if (!paths[i].starts_with('/'))
            complaints.add(pointer, concat(quoted(paths[i]), " must be absolute"));
        if (std::ranges::count(split(paths[i], '/'), "..") > 0)
            complaints.add(pointer, concat(quoted(paths[i]), " must not contain \"..\""));
    }
}

/// Root of a user namespace cannot mount in the runtime's mount namespace.
void check_mount_namespace(const Spec& spec, Complaints& complaints) {
    if (find_namespace(spec, NamespaceType::Mount) != nullptr) return;
    if (find_namespace(spec, NamespaceType::User) == nullptr) return;
    const auto& linux = spec.linux;
    constexpr const char* kMessage = "needs a mount namespace in /linux/namespaces";
    if (!spec.mounts.empty()) complaints.add("/mounts", kMessage);
    if (!linux.masked_paths.empty()) complaints.add("/linux/maskedPaths", kMessage);
    if (!linux.readonly_paths.empty()) complaints.add("/linux/readonlyPaths", kMessage);
    if (!linux.rootfs_propagation.empty()) complaints.add("/linux/rootfsPropagation", kMessage);
    if (spec.root && spec.root->readonly) complaints.add("/root/readonly", kMessage);
}

void check_memory_policy(const MemoryPolicy& policy, Complaints& complaints) {
    constexpr std::array<std::string_view, 7> kModes = {
        "MPOL_DEFAULT",   "MPOL_BIND",           "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE",
        "MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_LOCAL"};
    constexpr std::array<std::string_view, 3> kFlags = {
        "MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"};
    const std::string pointer = "/linux/memoryPolicy";
    if (std::ranges::find(kModes, policy.mode) == kModes.end())
        complaints.add(pointer + "/mode",
                       concat("unknown memoryPolicy mode ", quoted(policy.mode)));
    if (!policy.nodes.empty() && !is_number_list(policy.nodes))
        complaints.add(pointer + "/nodes",
                       concat(quoted(policy.nodes), " is no list such as 0-3,7"));
    for (std::size_t i = 0; i < policy.flags.size(); ++i)
        if (std::ranges::find(kFlags, policy.flags[i]) == kFlags.end())
            complaints.add(concat(pointer, "/flags/", i),
                           concat("unknown memoryPolicy flag ", quoted(policy.flags[i])));
}

void check_words(const Linux& linux, Complaints& complaints) {
    constexpr std::array<std::string_view, 4> kPropagations = {"shared", "slave", "private",
                                                               "unbindable"};
    std::string_view propagation = linux.rootfs_propagation;
    if (propagation.starts_with('r')) propagation.remove_prefix(1);
    if (!linux.rootfs_propagation.empty() &&
        std::ranges::find(kPropagations, propagation) == kPropagations.end())
        complaints.add("/linux/rootfsPropagation",
                       concat("unknown propagation ", quoted(linux.rootfs_propagation)));
    if (linux.personality && linux.personality->domain != "LINUX" &&
        linux.personality->domain != "LINUX32")
        complaints.add("/linux/personality/domain",
                       concat("unknown personality domain ", quoted(linux.personality->domain)));
    if (linux.memory_policy) check_memory_policy(*linux.memory_policy, complaints);
}

void check_cgroups_path(const Linux& linux, Complaints& complaints) {
    constexpr std::size_t kMaxPath = 4096;
    constexpr std::size_t kMaxName = 255;
    const std::string& path = linux.cgroups_path;
    const auto parts = split(path, '/');
    if (std::ranges::find(parts, "..") != parts.end())
        complaints.add("/linux/cgroupsPath", "cgroupsPath must not contain \"..\"");
    if (path.size() >= kMaxPath ||
        std::ranges::any_of(parts, [](auto part) { return part.size() > kMaxName; }))
        complaints.add("/linux/cgroupsPath", "cgroupsPath is too long for a path");
}

void check_net_devices(const Spec& spec, Complaints& complaints) {
    constexpr std::size_t kMaxName = 15;  // IFNAMSIZ - 1
    if (!spec.linux.net_devices.empty() && find_namespace(spec, NamespaceType::Network) == nullptr)
        complaints.add_own("/linux/netDevices", "needs a network namespace in /linux/namespaces");
    for (const auto& [host_name, device] : spec.linux.net_devices) {
        const auto pointer = pointer_push("/linux/netDevices", host_name);
        const std::string& name = device.name.empty() ? host_name : device.name;
        if (name.empty() || name.size() > kMaxName || name == "." || name == ".." ||
            name.find_first_of("/: \t\n") != std::string::npos)
            complaints.add(pointer, concat(quoted(name), " is no name of a network device"));
    }
}

/// A group is one directory below the root of the file system, and none of the kernel's own.
bool is_rdt_group(std::string_view name) {
    constexpr std::array<std::string_view, 5> kTaken = {".", "..", "info", "mon_groups",
                                                        "mon_data"};
    return name == "/" || (name.find_first_of("/\n") == std::string_view::npos &&
                           std::ranges::find(kTaken, name) == kTaken.end());
}

}  // namespace

void check_intel_rdt(const IntelRdt& rdt, Complaints& complaints) {
    const std::string pointer = "/linux/intelRdt";
    if (!is_rdt_group(rdt.clos_id))
        complaints.add(pointer + "/closID",
                       concat(quoted(rdt.clos_id), " is not the name of a class of service"));
    const std::string_view bandwidth = rdt.mem_bw_schema;
    if (!bandwidth.empty() && !bandwidth.starts_with("MB:"))
        complaints.add(pointer + "/memBwSchema", "must start with MB:");
    if (bandwidth.find('\n') != std::string_view::npos)
        complaints.add(pointer + "/memBwSchema", "must be one line");
    for (std::size_t i = 0; i < rdt.schemata.size(); ++i)
        if (rdt.schemata[i].find('\n') != std::string::npos)
            complaints.add(concat(pointer, "/schemata/", i), "must be one line");
}

void check_linux(const Spec& spec, Complaints& complaints) {
    const auto& linux = spec.linux;
    check_namespaces(spec, complaints);
    check_user_namespace(spec, complaints);
    check_time_offsets(spec, complaints);
    for (std::size_t i = 0; i < linux.devices.size(); ++i)
        check_device(linux.devices[i], concat("/linux/devices/", i), complaints);
    check_path_list(linux.masked_paths, "maskedPaths", complaints);
    check_path_list(linux.readonly_paths, "readonlyPaths", complaints);
    check_mount_namespace(spec, complaints);
    check_words(linux, complaints);
    check_cgroups_path(linux, complaints);
    check_net_devices(spec, complaints);
    check_sysctl(spec, complaints);
}

}  // namespace cleat::spec

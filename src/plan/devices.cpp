// Room: plan. Devices (config-linux.md#devices).
#include "devices.hpp"

#include <algorithm>
#include <array>

#include "cleat/base/text.hpp"
#include "mount_options.hpp"
#include "mounts.hpp"

namespace cleat::plan {
namespace {

constexpr std::uint32_t kEverybody = 0666;

struct DefaultDevice {
    const char* path;
    std::uint32_t major;
    std::uint32_t minor;
};
// Numbers from the kernel's admin-guide/devices.txt.
constexpr std::array kDefaultDevices = std::to_array<DefaultDevice>({
    {"/dev/null", 1, 3},
    {"/dev/zero", 1, 5},
    {"/dev/full", 1, 7},
    {"/dev/random", 1, 8},
    {"/dev/urandom", 1, 9},
    {"/dev/tty", 5, 0},
});

struct Link {
    const char* path;
    const char* target;
};
constexpr std::array kLinks = std::to_array<Link>({
    {"/dev/fd", "/proc/self/fd"},
    {"/dev/stdin", "/proc/self/fd/0"},
    {"/dev/stdout", "/proc/self/fd/1"},
    {"/dev/stderr", "/proc/self/fd/2"},
    {"/dev/ptmx", "pts/ptmx"},
});

bool dev_is_the_hosts(const Container& container) {
    return std::ranges::any_of(container.spec.mounts, [](const spec::Mount& mount) {
        return normal_path(mount.destination) == "/dev" &&
               (mount.type == "bind" || parse_mount_options(mount.options).bind != Depth::None);
    });
}

/// mknod(2) of a device is for the first user namespace only; a fifo is for everybody.
void add_device(const Container& container, MakeDevice device, std::string origin, Steps& init) {
    const bool foreign = container.namespaces.has(spec::NamespaceType::User) ||
                         container.facts.user_namespace_of_own == Ability::Present;
    if (foreign && device.type != "p") {
        device.source = DeviceSource::BindHost;
        if (host_opens_sources(container)) device.slot = container.take_slot();
    }
    init.add(std::move(device), std::move(origin));
}

MakeDevice configured_device(const spec::Device& device) {
    return {.path = device.path,
            .type = device.type == "u" ? "c" : device.type,
            .major = static_cast<std::uint32_t>(device.major),
            .minor = static_cast<std::uint32_t>(device.minor),
            .mode = device.file_mode.value_or(kEverybody),
            .uid = device.uid.value_or(Uid{0}),
            .gid = device.gid.value_or(Gid{0})};
}

bool is_configured(const spec::Linux& linux, std::string_view path) {
    return std::ranges::any_of(linux.devices, [path](const spec::Device& device) {
        return normal_path(device.path) == path;
    });
}

struct DefaultRule {
    const char* type;
    std::int64_t major;  ///< -1: all
    std::int64_t minor;
    const char* access;
};
// Making any node is harmless where using it is not allowed. The devices are the default ones,
// the console, the container's pseudo-terminals, and tun, without which no VPN runs in a container;
// engines rely on all of these being usable without being listed.
constexpr std::array kDefaultRules = std::to_array<DefaultRule>({
    {"c", -1, -1, "m"},
    {"b", -1, -1, "m"},
    {"c", 1, 3, "rwm"},
    {"c", 1, 5, "rwm"},
    {"c", 1, 7, "rwm"},
    {"c", 1, 8, "rwm"},
    {"c", 1, 9, "rwm"},
    {"c", 5, 0, "rwm"},
    {"c", 5, 2, "rwm"},
    {"c", 136, -1, "rwm"},
    {"c", 10, 200, "rwm"},
});

std::optional<std::int64_t> number_or_all(std::int64_t number) {
    return number < 0 ? std::nullopt : std::optional(number);
}

}  // namespace

Steps device_steps(const Container& container) {
    Steps init;
    if (dev_is_the_hosts(container)) return init;
    const auto& linux = container.spec.linux;
    for (const auto& [path, major, minor] : kDefaultDevices) {
        if (is_configured(linux, path)) continue;
        add_device(container, {.path = path, .type = "c", .major = major, .minor = minor}, "",
                   init);
    }
    for (std::size_t i = 0; i < linux.devices.size(); ++i)
        add_device(container, configured_device(linux.devices[i]),
                   pointer_push("/linux/devices", i), init);
    for (const auto& [path, target] : kLinks) init.add(MakeSymlink{.path = path, .target = target});
    // It shows the host's memory to the host's root, which nobody in a user namespace is.
    if (!container.namespaces.has(spec::NamespaceType::User))
        init.add(MakeSymlink{.path = "/dev/core", .target = "/proc/kcore"});
    return init;
}

std::vector<spec::DeviceRule> device_rules(const std::vector<spec::DeviceRule>& configured) {
    std::vector<spec::DeviceRule> rules = configured;
    for (const auto& [type, major, minor, access] : kDefaultRules)
        rules.push_back({.allow = true,
                         .type = type,
                         .major = number_or_all(major),
                         .minor = number_or_all(minor),
                         .access = access});
    return rules;
}

}  // namespace cleat::plan

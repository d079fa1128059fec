// Room: audit. What of the host's files is mounted, by its path; pure.
#include <algorithm>

#include "cleat/base/text.hpp"
#include "weaknesses.hpp"

namespace cleat::audit {
namespace {

using Level = std::optional<Risk>;

/// Whole: the source is it, or has it in it. Within: the source is it, or lies in it.
enum class Match { Whole, Within };

struct Place {
    std::string_view path;
    Match match;
    Rule rule;
    Level writable;
    Level readonly;
    std::string_view why;
};

constexpr std::string_view kCommands = "who speaks on it makes any process on the host";
constexpr std::string_view kPrograms = "the host runs and obeys what lies there";
constexpr std::string_view kState = "other containers and what makes them lie there";

// The first that matches is said.
constexpr Place kPlaces[] = {
    {"/run/docker.sock", Match::Whole, Rule::EngineSocket, Risk::Critical, Risk::Critical,
     kCommands},
    {"/run/containerd/containerd.sock", Match::Whole, Rule::EngineSocket, Risk::Critical,
     Risk::Critical, kCommands},
    {"/run/crio/crio.sock", Match::Whole, Rule::EngineSocket, Risk::Critical, Risk::Critical,
     kCommands},
    {"/run/podman/podman.sock", Match::Whole, Rule::EngineSocket, Risk::Critical, Risk::Critical,
     kCommands},
    {"/run/systemd/private", Match::Whole, Rule::EngineSocket, Risk::Critical, Risk::Critical,
     "systemd does what is said there"},
    {"/run/dbus/system_bus_socket", Match::Whole, Rule::EngineSocket, Risk::High, Risk::High,
     "services of the host are called there"},
    {"/dev", Match::Whole, Rule::HostDevice, Risk::Critical, Risk::Critical,
     "has every device of the host"},
    {"/proc", Match::Within, Rule::HostDirectory, Risk::High, Risk::Medium,
     "the host's processes and switches of the kernel"},
    {"/sys/fs/cgroup", Match::Within, Rule::WritableCgroups, Risk::High, Risk::Low,
     "control groups of the host"},
    {"/sys", Match::Within, Rule::WritableSysfs, Risk::High, Risk::Low,
     "the host's devices and switches of the kernel"},
    {"/boot", Match::Within, Rule::HostDirectory, Risk::Critical, Risk::Low, kPrograms},
    {"/etc", Match::Whole, Rule::HostDirectory, Risk::Critical, Risk::High,
     "accounts, keys and what the host runs are set there"},
    {"/root", Match::Whole, Rule::HostDirectory, Risk::Critical, Risk::High,
     "keys of the host's root"},
    {"/usr", Match::Whole, Rule::HostDirectory, Risk::Critical, {}, kPrograms},
    {"/bin", Match::Whole, Rule::HostDirectory, Risk::Critical, {}, kPrograms},
    {"/sbin", Match::Whole, Rule::HostDirectory, Risk::Critical, {}, kPrograms},
    {"/lib", Match::Whole, Rule::HostDirectory, Risk::Critical, {}, kPrograms},
    {"/lib64", Match::Whole, Rule::HostDirectory, Risk::Critical, {}, kPrograms},
    {"/opt", Match::Whole, Rule::HostDirectory, Risk::High, {}, kPrograms},
    {"/home", Match::Whole, Rule::HostDirectory, Risk::High, Risk::Medium, "files of all users"},
    {"/var/lib/docker", Match::Whole, Rule::HostDirectory, Risk::Critical, Risk::High, kState},
    {"/var/lib/containerd", Match::Whole, Rule::HostDirectory, Risk::Critical, Risk::High, kState},
    {"/var/lib/containers", Match::Whole, Rule::HostDirectory, Risk::Critical, Risk::High, kState},
    {"/var/lib/kubelet", Match::Whole, Rule::HostDirectory, Risk::Critical, Risk::High, kState},
    {"/run/cleat", Match::Whole, Rule::HostDirectory, Risk::Critical, Risk::Low, kState},
    {"/var/spool/cron", Match::Within, Rule::HostDirectory, Risk::Critical, Risk::Low, kPrograms},
    {"/var/log", Match::Whole, Rule::HostDirectory, Risk::Medium, Risk::Low, "logs of the host"},
    {"/tmp", Match::Whole, Rule::HostDirectory, Risk::Medium, Risk::Low,
     "files and sockets of the host's users"},
};

// Sockets of engines that belong to a user, or were put elsewhere.
constexpr std::string_view kSockets[] = {"docker.sock", "containerd.sock", "crio.sock",
                                         "podman.sock", "buildkitd.sock",  "cri-dockerd.sock"};

// Devices that engines give to every container, and what lies beside them.
constexpr std::string_view kHarmless[] = {"null",    "zero", "full", "random", "urandom", "tty",
                                          "console", "pts",  "ptmx", "shm",    "mqueue",  "log"};

/// /var/run is /run on every host of today.
std::string source_of(const Audit& audit, const spec::Mount& mount) {
    auto source = audit.on_host(mount.source);
    if (is_within(source, "/var/run")) source.erase(0, std::string_view("/var").size());
    return source;
}

bool is_matched(const Place& place, std::string_view source) {
    return place.match == Match::Within
               ? is_within(source, place.path) || is_within(place.path, source)
               : is_within(place.path, source);
}

struct Bind {
    const spec::Mount& mount;
    std::string source;
    std::string pointer;
};

void add(Audit& audit, const Bind& bind, Weakness&& weakness) {
    weakness.pointer = bind.pointer + "/source";
    weakness.fix = weakness.rule == Rule::EngineSocket ? "leave the mount out: \"ro\" does not help"
                   : is_readonly(bind.mount) ? "leave the mount out, or bind only what is needed"
                                             : "bind only what is needed, with the option \"ro\"";
    audit.add(std::move(weakness));
}

void known_place(Audit& audit, const Bind& bind) {
    const auto* const found = std::ranges::find_if(
        kPlaces, [&](const Place& place) { return is_matched(place, bind.source); });
    if (found == std::end(kPlaces)) return;
    const Level risk = is_readonly(bind.mount) ? found->readonly : found->writable;
    // What the host's root owns is kept from who is nobody there; sockets and devices may not be.
    const bool owned = found->rule != Rule::EngineSocket && found->rule != Rule::HostDevice;
    if (risk)
        add(audit, bind,
            {.rule = found->rule,
             .risk = owned ? audit.behind_users(*risk) : *risk,
             .why = concat("mounts ", bind.source, ": ", found->why)});
}

bool socket(Audit& audit, const Bind& bind) {
    const auto name = bind.source.substr(bind.source.rfind('/') + 1);
    if (std::ranges::find(kSockets, name) == std::end(kSockets)) return false;
    add(audit, bind,
        {.rule = Rule::EngineSocket,
         .risk = Risk::Critical,
         .why = concat("mounts ", bind.source, ": ", kCommands)});
    return true;
}

bool device(Audit& audit, const Bind& bind) {
    constexpr std::string_view kDev = "/dev/";
    if (!bind.source.starts_with(kDev)) return false;
    const auto name = std::string_view(bind.source).substr(kDev.size());
    if (std::ranges::find(kHarmless, name.substr(0, name.find('/'))) == std::end(kHarmless))
        add(audit, bind,
            {.rule = Rule::HostDevice,
             .risk = Risk::Medium,
             .why = concat("mounts the host's device ", bind.source)});
    return true;
}

void propagation(Audit& audit, const Bind& bind) {
    const auto& options = bind.mount.options;
    const auto found = std::ranges::find_if(
        options, [](std::string_view option) { return option == "shared" || option == "rshared"; });
    if (found == options.end()) return;
    audit.add({.rule = Rule::SharedPropagation,
               .risk = audit.behind_users(Risk::High),
               .pointer = concat(bind.pointer, "/options/", found - options.begin()),
               .why = concat("what is mounted below ", bind.mount.destination,
                             " is mounted on the host, too"),
               .fix = "write \"rslave\", if mounts of the host are to be seen, or \"rprivate\""});
}

}  // namespace

void audit_binds(Audit& audit) {
    const auto& mounts = audit.spec().mounts;
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        if (!is_bind(mounts[i])) continue;
        const Bind bind{mounts[i], source_of(audit, mounts[i]), concat("/mounts/", i)};
        if (!socket(audit, bind) && !device(audit, bind)) known_place(audit, bind);
        propagation(audit, bind);
    }
    if (audit.spec().linux.rootfs_propagation == "shared")
        audit.add({.rule = Rule::SharedPropagation,
                   .risk = audit.behind_users(Risk::High),
                   .pointer = "/linux/rootfsPropagation",
                   .why = "what is mounted in the container is mounted on the host, too",
                   .fix = "write \"rslave\" or \"rprivate\""});
}

}  // namespace cleat::audit

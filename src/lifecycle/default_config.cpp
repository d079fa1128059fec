// Room: lifecycle. `spec`: a config.json to begin with. Runs in the host process.
#include <fcntl.h>
#include <linux/magic.h>
#include <unistd.h>

#include "cleat/base/text.hpp"
#include "cleat/lifecycle/lifecycle.hpp"
#include "cleat/spec/decode.hpp"
#include "cleat/sys/files.hpp"

namespace cleat::lifecycle {
namespace {

using spec::NamespaceType;

spec::Process shell() {
    constexpr std::uint64_t kOpenFiles = 1024;
    const std::vector<std::string> capabilities = {"CAP_AUDIT_WRITE", "CAP_KILL",
                                                   "CAP_NET_BIND_SERVICE"};
    spec::Process process;
    process.terminal = true;
    process.args = {"sh"};
    process.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                   "TERM=xterm"};
    process.cwd = "/";
    process.capabilities = spec::Capabilities{.bounding = capabilities,
                                              .effective = capabilities,
                                              .inheritable = {},
                                              .permitted = capabilities,
                                              .ambient = {}};
    process.rlimits = {{.type = "RLIMIT_NOFILE", .soft = kOpenFiles, .hard = kOpenFiles}};
    process.no_new_privileges = true;
    return process;
}

spec::Mount mount(std::string destination, std::string type, std::vector<std::string> options) {
    spec::Mount out;
    out.destination = std::move(destination);
    out.source = type;
    out.type = std::move(type);
    out.options = std::move(options);
    return out;
}

spec::Mount system_tree(Rootless rootless) {
    if (rootless == Rootless::No)
        return mount("/sys", "sysfs", {"nosuid", "noexec", "nodev", "ro"});
    // A new sysfs needs a network namespace of one's own; the host's, read-only, does without.
    spec::Mount bind = mount("/sys", "none", {"rbind", "nosuid", "noexec", "nodev", "ro"});
    bind.source = "/sys";
    return bind;
}

std::vector<spec::Mount> mounts(Rootless rootless) {
    // gid 5 is tty's; without a mapping for it a rootless container cannot name it.
    std::vector<std::string> pts = {"nosuid", "noexec", "newinstance", "ptmxmode=0666",
                                    "mode=0620"};
    if (rootless == Rootless::No) pts.emplace_back("gid=5");
    std::vector<spec::Mount> out = {
        mount("/proc", "proc", {}),
        mount("/dev", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
        mount("/dev/pts", "devpts", std::move(pts)),
        mount("/dev/shm", "tmpfs", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
        mount("/dev/mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
        system_tree(rootless)};
    out[3].source = "shm";
    if (rootless == Rootless::No)
        out.push_back(
            mount("/sys/fs/cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}));
    return out;
}

/// A cgroup namespace hides the hierarchies of v1, which older programs look for (as runc).
bool wants_cgroup_namespace() {
    const auto mounted = sys::open_at(sys::kHere, "/sys/fs/cgroup", O_PATH | O_DIRECTORY);
    if (!mounted) return false;
    const auto magic = sys::filesystem_magic(mounted->get());
    return magic && *magic == CGROUP2_SUPER_MAGIC;
}

spec::Linux linux_part(Rootless rootless) {
    spec::Linux part;
    for (const auto type :
         {NamespaceType::Pid, NamespaceType::Ipc, NamespaceType::Uts, NamespaceType::Mount})
        part.namespaces.push_back({.type = type, .path = {}});
    if (wants_cgroup_namespace())
        part.namespaces.push_back({.type = NamespaceType::Cgroup, .path = {}});
    part.masked_paths = {"/proc/acpi",        "/proc/asound",        "/proc/kcore",
                         "/proc/keys",        "/proc/latency_stats", "/proc/timer_list",
                         "/proc/timer_stats", "/proc/sched_debug",   "/sys/firmware",
                         "/proc/scsi"};
    part.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                           "/proc/sysrq-trigger"};
    if (rootless == Rootless::Yes) {
        part.namespaces.push_back({.type = NamespaceType::User, .path = {}});
        part.uid_mappings = {{.container_id = 0, .host_id = ::geteuid(), .size = 1}};
        part.gid_mappings = {{.container_id = 0, .host_id = ::getegid(), .size = 1}};
        return part;
    }
    part.namespaces.push_back({.type = NamespaceType::Network, .path = {}});
    part.resources.emplace();
    part.resources->devices = {
        {.allow = false, .type = {}, .major = {}, .minor = {}, .access = "rwm"}};
    return part;
}

}  // namespace

std::string default_config(Rootless rootless) {
    spec::Spec config;
    config.oci_version = std::string(spec::kOciVersion);
    config.process = shell();
    config.root = spec::Root{.path = "rootfs", .readonly = true};
    config.hostname = "cleat";
    config.mounts = mounts(rootless);
    config.linux = linux_part(rootless);
    return spec::encode_config(config);
}

Result<void> write_default_config(const std::string& bundle, const std::string& file,
                                  Rootless rootless) {
    constexpr mode_t kMode = 0666;  // the umask has the last word, as for any document
    const std::string path = concat(bundle, "/", file);
    auto made = sys::open_at(sys::kHere, path.c_str(), O_WRONLY | O_CREAT | O_EXCL, kMode);
    if (!made && made.error().errno_value == EEXIST)
        return fail(ErrorKind::InvalidArgument, concat(path, " exists already"));
    if (!made) return std::unexpected(std::move(made).error());
    std::string text = default_config(rootless);
    if (!text.ends_with('\n')) text += '\n';
    return sys::write_all(made->get(), text);
}

}  // namespace cleat::lifecycle

// Room: conformance. Differences between runtimes that are explained: a row for each.
#include "diff_explained.hpp"

#include <algorithm>

#include "cleat/base/text.hpp"

namespace cleat::conformance {
namespace {

constexpr Explained kRows[] = {
    // What cleat does on purpose.
    {"keyring", "judged", "", "*keyring", "", "session keyrings are not in the specification",
     "none"},
    {"sysfs-read-only", "judged", "", "outside/mounts/*/super", "\"rw\"",
     "ro is a flag of the mount, and nothing can be written; peers set it for the file system, too",
     "config.md#mounts"},
    {"tmpfs-mode", "judged", "", "outside/mounts/*/super", "mode=",
     "a tmpfs without a mode has that of its mount point, as an option; peers change it afterwards",
     "config.md#mounts"},
    {"access-time", "judged", "mounts~strictatime", "outside/mounts/*/flags", "atime",
     "of options that contradict each other the last one counts", "config.md#mounts"},
    {"mount-point-mode", "judged", "mounts", "rootfs/*", R"(\"size\":0)",
     "the mode of a file that is made as mount point is open", "config.md#mounts"},
    {"mount-point-mode", "judged", "mounts", "rootfs/*", "0755",
     "the mode of a directory that is made as mount point is open", "config.md#mounts"},
    {"cgroup-mount-mode", "judged", "mounts~cgroup", "outside/mounts/:sys:fs:cgroup/top", "0755",
     "the mode of the directory with the hierarchies is open",
     "config-linux.md#default-filesystems"},
    {"mask-flags", "judged", "linux/maskedPaths", "outside/mounts/*/flags",
     R"(["nodev","noexec","nosuid","relatime","ro"])", "masks have more flags than they need",
     "config-linux.md#masked-paths"},
    {"mask-source", "judged", "linux/maskedPaths", "outside/mounts/*/source", R"("none")",
     "the name of a mask's file system is open", "config-linux.md#masked-paths"},
    {"mask-mode", "judged", "linux/maskedPaths", "outside/mounts/*/top", "0555",
     "the mode of a masked directory is open", "config-linux.md#masked-paths"},
    {"umask", "judged", "!process/user/umask", "*/umask", "022",
     "a umask that is not given is 022, not that of the caller", "config.md#posix-platform-user"},
    {"umask", "judged", "!process/user/umask", "outside/Umask", "022",
     "a umask that is not given is 022, not that of the caller", "config.md#posix-platform-user"},
    {"hook-input", "judged", "hooks", "hooks/*/fds/*", "memfd",
     "the state comes on standard input, of any type", "config.md#posix-platform-hooks"},
    {"hook-hostname", "judged", "hooks", "hooks/container/hostname", "",
     "whether the hostname is set by then is open", "config.md#createcontainer-hooks"},
    {"propagation", "judged", "linux/rootfsPropagation", "outside/mounts/*/propagation",
     "master:host", "a bind that asks for no type is a slave unless the root is shared",
     "config-linux.md#rootfs-mount-propagation"},
    {"propagation", "judged", "linux/rootfsPropagation~shared", "outside/mounts/*/propagation",
     "shared:host", "peers make the mount private that holds the root, and here the source",
     "config-linux.md#rootfs-mount-propagation"},
    {"peer-group-numbers", "judged", "linux/rootfsPropagation~shared",
     "outside/mounts/*/propagation", "shared:", "new peer groups are numbered as they are found",
     "config-linux.md#rootfs-mount-propagation"},
    {"cgroup-read-only", "judged", "mounts~cgroup", "outside/mounts/:sys:fs:cgroup/flags", "\"ro\"",
     "the option ro is there; the peers leave the directory of the hierarchies writable",
     "config.md#mounts"},
    {"hook-domainname", "judged", "hooks", "hooks/container/domainname", "",
     "whether the domainname is set by then is open", "config.md#createcontainer-hooks"},
    {"readonly-below", "judged", "linux/readonlyPaths", "outside/mounts/*/flags", "\"ro\"",
     "mounts below a read-only path are read-only, too", "config-linux.md#readonly-paths"},
    {"default-devices", "judged", "linux/devices", "outside/cgroup-files/devices.list/*", "true",
     "a device of the config leaves the default devices usable", "config-linux.md#default-devices"},
    // What the peers do not support, or do wrong.
    {"domainname", "runc", "domainname", "*domainname", "", "runc 1.1 ignores it",
     "config.md#domainname"},
    {"scheduler", "runc", "process/scheduler", "*/sched/*", "", "runc 1.1 ignores it",
     "config.md#linux-process"},
    {"scheduler", "crun", "process/scheduler", "*/sched/*", "", "crun 1.8 ignores it",
     "config.md#linux-process"},
    {"io-priority", "runc", "process/ioPriority", "*/sched/io*", "", "runc 1.1 ignores it",
     "config.md#linux-process"},
    {"io-priority", "crun", "process/ioPriority", "*/sched/io*", "", "crun 1.8 ignores it",
     "config.md#linux-process"},
    {"time", "runc", "linux/timeOffsets", "outcome", "refused", "runc 1.1 has no time namespaces",
     "config-linux.md#namespaces"},
    {"time", "crun", "linux/timeOffsets", "outcome", "refused",
     "crun 1.8 ends while it sets the offsets", "config-linux.md#offset-for-time-namespace"},
    {"memory-policy", "runc", "linux/memoryPolicy", "*/mempolicy/*", "", "runc 1.1 ignores it",
     "config-linux.md#memory-policy"},
    {"memory-policy", "crun", "linux/memoryPolicy", "*/mempolicy/*", "", "crun 1.8 ignores it",
     "config-linux.md#memory-policy"},
    {"cpu-burst", "runc", "linux/resources/cpu/burst", "outside/cgroup-files/*burst*", "",
     "runc 1.1 ignores it", "config-linux.md#cpu"},
    {"cpu-burst", "crun", "linux/resources/cpu/burst", "outside/cgroup-files/*burst*", "",
     "crun 1.8 ignores it", "config-linux.md#cpu"},
    {"affinity", "runc", "", "*sched/cpus", "",
     "runc before 1.3.1 keeps the affinity of its caller", "none"},
    {"affinity", "runc", "", "outside/Cpus_allowed_list", "",
     "runc before 1.3.1 keeps the affinity of its caller", "none"},
    {"affinity", "crun", "", "*sched/cpus", "", "crun before 1.10 keeps the affinity of its caller",
     "none"},
    {"affinity", "crun", "", "outside/Cpus_allowed_list", "",
     "crun before 1.10 keeps the affinity of its caller", "none"},
    {"device-access", "runc", "linux/resources/devices !linux/resources/devices~access", "outcome",
     "refused", "runc 1.1 refuses a rule without access, which means all",
     "config-linux.md#allowed-device-list"},
    {"access-time", "crun", "mounts~rnoatime", "outcome", "refused",
     "crun 1.8 does not clear the field of the access times (mount_setattr(2))",
     "config.md#mounts"},
    {"empty-label", "crun", "process~selinuxLabel", "outcome", "refused",
     "crun 1.8 writes an empty label to keycreate", "config.md#linux-process"},
    {"calls-of-the-runtime", "runc", "linux/seccomp~getcwd", "outcome", "refused",
     "runc calls getcwd(2) after the filter is loaded", "config-linux.md#seccomp"},
    {"empty-label", "crun", "process~apparmorProfile", "outcome", "refused",
     "crun 1.8 asks the kernel for AppArmor also for an empty profile", "config.md#linux-process"},
    {"seccomp-flags", "runc", "linux/seccomp/flags", "outcome", "refused",
     "runc 1.1 has no seccomp flags", "config-linux.md#seccomp"},
    {"cpu-quota", "crun", "linux/resources/cpu~\"quota\":-1", "outcome", "refused",
     "crun 1.8 writes the quota -1 as an unsigned number", "config-linux.md#cpu"},
    {"cpu-shares", "runc", "linux/resources/cpu/shares", "outcome", "refused",
     "runc refuses shares that the kernel lowers to 262144", "config-linux.md#cpu"},
    {"fifo", "runc", "linux/devices~\"type\":\"p\" linux/namespaces~user", "outcome", "refused",
     "runc 1.1 binds a fifo from the host in a user namespace", "config-linux.md#devices"},
    {"pids-limit", "crun", "linux/resources/pids~-1", "outcome", "refused",
     "crun 1.8 writes -1 to pids.max", "config-linux.md#pids"},
    {"unbindable", "runc", "linux/rootfsPropagation~unbindable", "outcome", "refused",
     "runc makes the root unbindable before it binds it",
     "config-linux.md#rootfs-mount-propagation"},
    {"locked-flags", "runc", "mounts~source/tree linux/namespaces~user", "outcome", "refused",
     "runc 1.1 clears access times that are locked (mount_namespaces(7))", "config.md#mounts"},
    {"mounts-of-nobody", "runc", "!linux/namespaces~mount linux/namespaces~user", "outcome",
     "refused", "runc changes the host's propagation, which a user namespace may not",
     "config-linux.md#namespaces"},
    {"mounts-of-nobody", "crun", "!linux/namespaces~mount linux/namespaces~user", "outcome",
     "refused", "crun binds devices on the host, which a user namespace may not",
     "config-linux.md#namespaces"},
    {"hooks-read-only", "crun", "root/readonly hooks/createContainer", "outcome", "refused",
     "crun 1.8 runs createContainer hooks after the root is read-only",
     "config.md#createcontainer-hooks"},
    {"exec-umask", "runc", "process/user/umask", "exec/umask", "",
     "exec of runc 1.1 has the umask 022", "config.md#posix-platform-user"},
    {"exec-umask", "crun", "process/user/umask", "exec/umask", "",
     "exec of crun 1.8 has the umask 022", "config.md#posix-platform-user"},
    {"bind-flags", "judged", "mounts~source/flags linux/namespaces~user", "outside/mounts/*/flags",
     "", "in a user namespace the flags of the source are kept (mount_namespaces(7))",
     "config.md#mounts"},
    {"exec-limits", "runc", "process/rlimits", "exec/rlimits/*", "",
     "the Go runtime raises the soft limit of open files", "config.md#posix-process"},
    {"exec-limits", "crun", "process/rlimits", "exec/rlimits/*", "",
     "exec of crun 1.8 leaves the limits of its caller", "config.md#posix-process"},
    {"second-proc", "crun", "mounts~/mnt/proc", "outcome", "refused",
     "crun 1.8 takes no procfs below the root's directories", "config.md#mounts"},
    {"no-proc", "runc", "!mounts~\"proc\"", "outcome", "refused",
     "runc needs a procfs in the container to close descriptors", "config.md#mounts"},
    {"block-weight", "crun", "linux/resources/blockIO~weight", "outcome", "refused",
     "crun 1.8 writes blkio.weight alone, which kernels with bfq call blkio.bfq.weight",
     "config-linux.md#block-io"},
    {"locked-flags", "runc", "mounts~source/flags linux/namespaces~user", "outcome", "refused",
     "runc 1.1 clears flags that are locked (mount_namespaces(7))", "config.md#mounts"},
    {"tmpfs-defaults", "runc", "mounts~defaults", "outcome", "refused",
     "runc 1.1 hands the option defaults to the file system", "config.md#mounts"},
    {"mounts-of-the-host", "runc", "!linux/namespaces~mount", "left/mounts", "",
     "mounts of a container that is refused stay on the host", "runtime.md#create"},
    {"mounts-of-the-host", "crun", "!linux/namespaces~mount", "left/mounts", "",
     "mounts of a container that is refused stay on the host", "runtime.md#create"},
    {"device-special-bits", "runc", "linux/devices", "outside/dev/*", "0754",
     "the change of the owner removes the set-user-ID bit", "config-linux.md#devices"},
    {"device-special-bits", "crun", "linux/devices", "outside/dev/*", "0754",
     "the change of the owner removes the set-user-ID bit", "config-linux.md#devices"},
    {"cgroup-parents", "runc", "linux/cgroupsPath~deep", "left/cgroups", "",
     "a parent cgroup that the runtime made stays", "config-linux.md#cgroups-path"},
    {"cgroup-parents", "crun", "linux/cgroupsPath~deep", "left/cgroups", "",
     "a parent cgroup that the runtime made stays", "config-linux.md#cgroups-path"},
    {"start-hook-fails", "runc", "hooks/startContainer", "outcome", "ended early",
     "start ends before the hook does, and its failure is not an error", "runtime.md#lifecycle"},
    {"start-hook-fails", "crun", "hooks/startContainer", "outcome", "ended early",
     "start ends before the hook does, and its failure is not an error", "runtime.md#lifecycle"},
};

bool holds_one(std::string_view condition, const Value& config) {
    const bool absent = condition.starts_with('!');
    if (absent) condition.remove_prefix(1);
    const auto tilde = condition.find('~');
    const Value* const found = at(config, condition.substr(0, tilde));
    const bool there =
        found != nullptr && (tilde == std::string_view::npos ||
                             dump(*found).find(condition.substr(tilde + 1)) != std::string::npos);
    return there != absent;
}

}  // namespace

std::span<const Explained> explained_differences() noexcept { return kRows; }

bool is_like(std::string_view text, std::string_view pattern) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return text == pattern;
    if (!text.starts_with(pattern.substr(0, star))) return false;
    const auto rest = pattern.substr(star + 1);
    for (std::size_t i = star; i <= text.size(); ++i)
        if (is_like(text.substr(i), rest)) return true;
    return false;
}

bool holds(std::string_view when, const Value& config) {
    return std::ranges::all_of(split(when, ' '), [&](std::string_view condition) {
        return condition.empty() || holds_one(condition, config);
    });
}

}  // namespace cleat::conformance

// Tests of room audit: a configuration that has little to find, and what is found in changed ones.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/audit/audit.hpp"

namespace cleat::audit::sample {

/// Nothing but `low` is found in it: an id of its own, a profile, limits, nothing shared.
inline constexpr std::string_view kCareful = R"({
  "ociVersion": "1.3.0",
  "root": {"path": "rootfs", "readonly": true},
  "process": {"args": ["/bin/true"], "cwd": "/", "user": {"uid": 1000, "gid": 1000},
    "noNewPrivileges": true, "apparmorProfile": "cleat"},
  "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
  "linux": {
    "namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "mount"}, {"type": "ipc"},
      {"type": "uts"}, {"type": "cgroup"}, {"type": "user"}],
    "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
    "gidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
    "resources": {"pids": {"limit": 64}, "memory": {"limit": 1048576}},
    "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "syscalls":
      [{"names": ["read", "execve"], "action": "SCMP_ACT_ALLOW"}]},
    "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug",
      "/proc/latency_stats", "/proc/timer_stats", "/proc/scsi", "/proc/acpi", "/proc/asound"],
    "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"]
  }
})";

/// The careful one with one text in the place of another, once; empty if it is not there.
inline std::string changed(std::string_view from, std::string_view to,
                           std::string text = std::string(kCareful)) {
    const auto at = text.find(from);
    if (at == std::string::npos) return {};
    return text.replace(at, from.size(), to);
}

/// Without the user namespace and its mappings.
inline std::string without_users() {
    auto text = changed(R"(, {"type": "user"})", "");
    for (const char* kind : {"uid", "gid"})
        text = changed(std::string("\"") + kind +
                           R"(Mappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],)",
                       "", std::move(text));
    return text;
}

/// One more mount.
inline std::string with_mount(std::string_view mount, std::string text = without_users()) {
    return changed(R"("source": "proc"})", std::string(R"("source": "proc"}, )").append(mount),
                   std::move(text));
}

/// "RISK RULE POINTER" of each finding, or the error.
inline std::vector<std::string> found(const std::string& text,
                                      const std::vector<std::string>& accepted = {}) {
    const auto report =
        audit({.file = "config.json", .text = text, .directory = "/nonexistent"}, accepted);
    if (!report) return {report.error().what};
    std::vector<std::string> lines;
    for (const auto& finding : report->findings)
        lines.push_back(std::string(finding.level) + " " + std::string(finding.rule) + " " +
                        finding.pointer);
    return lines;
}

inline bool has(const std::vector<std::string>& lines, std::string_view line) {
    return std::ranges::find(lines, line) != lines.end();
}

}  // namespace cleat::audit::sample

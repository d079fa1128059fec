// Room: cgroup. The cgroup that a process is in; parent process, host pids.
#include <algorithm>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "internal.hpp"

namespace cleat::cgroup {
namespace {

/// Whether a line of /proc/PID/cgroup ("4:memory:/a", "0::/b") belongs to the hierarchy.
bool belongs_to(std::string_view line, const plan::CgroupHierarchy& hierarchy) {
    if (hierarchy.unified) return line.starts_with("0::");
    const auto fields = split(line, ':');
    if (fields.size() < 3 || fields[1].empty()) return false;
    const auto names = split(fields[1], ',');
    return std::ranges::is_permutation(names, hierarchy.controllers);
}

std::string_view path_in(std::string_view line) {
    constexpr int kColons = 2;
    for (int i = 0; i < kColons; ++i) line.remove_prefix(line.find(':') + 1);
    return line;
}

/// The kernel writes "/.." in front of a path outside of the reader's cgroup namespace.
bool is_outside(std::string_view path) { return path == "/.." || path.starts_with("/../"); }

}  // namespace

Result<std::string> path_of(const plan::CgroupHierarchy& hierarchy, pid_t process) {
    const std::string file = concat("/proc/", process, "/cgroup");
    const auto text = TRY(sys::read_text_at(sys::kHere, file.c_str()));
    const auto lines = split(text, '\n');
    const auto found =
        std::ranges::find_if(lines, [&](auto line) { return belongs_to(line, hierarchy); });
    const std::string root = normal_path(hierarchy.mount_root);
    if (found != lines.end()) {
        const std::string_view path = path_in(*found);
        if (!is_outside(path) && root == "/") return std::string(path);
        if (path == root) return std::string("/");
        if (path.starts_with(root + "/")) return std::string(path.substr(root.size()));
    }
    return fail(ErrorKind::State,
                concat("the cgroup of process ", process, " is not below ", hierarchy.mountpoint));
}

}  // namespace cleat::cgroup

// Room: cgroup. Who is in a container's cgroups; host process, host pids.
#include <algorithm>
#include <cerrno>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "internal.hpp"

namespace cleat::cgroup {
namespace {

/// A pid of 0 stands for a process that this pid namespace cannot see; to kill(2) it would mean
/// the caller's own process group.
void add_pids(std::string_view text, std::vector<pid_t>& pids) {
    for (const auto word : words(text))
        if (const auto pid = parse_number<pid_t>(word); pid && *pid > 0) pids.push_back(*pid);
}

Result<void> add_processes(int directory, std::vector<pid_t>& pids) {
    const auto text = sys::read_text_at(directory, "cgroup.procs");
    if (text) {
        add_pids(*text, pids);
        return {};
    }
    // A threaded cgroup (EOPNOTSUPP) has its processes listed further up (cgroup-v2.rst).
    if (is_absent(text.error()) || text.error().errno_value == EOPNOTSUPP) return {};
    return std::unexpected(text.error());
}

}  // namespace

/// All hierarchies are read: a process with privileges in a container may have left one of them.
Result<std::vector<pid_t>> processes(const Directories& directories) {
    std::vector<pid_t> pids;
    const Walk visitor{.enter = [&](int directory) { return add_processes(directory, pids); }};
    for (const auto& directory : directories) {
        TRY(refuse_root(directory));
        const auto walked = walk(full_path(directory), visitor);
        if (!walked && !is_absent(walked.error()))
            return std::unexpected(
                with_context(walked.error(), concat("processes of ", full_path(directory))));
    }
    std::ranges::sort(pids);
    const auto same = std::ranges::unique(pids);
    pids.erase(same.begin(), same.end());
    return pids;
}

}  // namespace cleat::cgroup

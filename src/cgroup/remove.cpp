// Room: cgroup. Removing a container's cgroups and those that it made below them; host process.
#include <signal.h>

#include <cerrno>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "internal.hpp"
#include "parents.hpp"

namespace cleat::cgroup {
namespace {

Result<void> remove_child(int parent, const char* name) {
    auto removed = sys::remove_directory_at(parent, name);
    if (!removed && is_absent(removed.error())) return {};
    return removed;
}

Result<void> remove_tree(const std::string& path) {
    auto removed = remove_child(sys::kHere, path.c_str());
    if (removed || removed.error().errno_value != EBUSY) return removed;
    auto walked = walk(path, {.leave = remove_child});
    if (!walked && !is_absent(walked.error())) return walked;
    return remove_child(sys::kHere, path.c_str());
}

/// What one pass over all directories has left.
struct Pass {
    Directories busy;       ///< worth another try
    Result<void> busy_why;  ///< the first of them
    Result<void> failed;    ///< the first failure that no waiting helps
};

void keep_first(Result<void>& first, const Error& error, const std::string& path) {
    if (first) first = fail_errno(concat("remove cgroup ", path), error.errno_value);
}

Pass remove_each(const Directories& directories) {
    Pass pass;
    for (const auto& directory : directories) {
        if (const auto allowed = refuse_root(directory); !allowed) {
            if (pass.failed) pass.failed = allowed;
            continue;
        }
        const std::string path = full_path(directory);
        const auto removed = remove_tree(path);
        if (removed) {
            remove_made_parents(path, normal_path(directory.mountpoint));
            continue;
        }
        if (removed.error().errno_value == EBUSY) {
            pass.busy.push_back(directory);
            keep_first(pass.busy_why, removed.error(), path);
        } else {
            keep_first(pass.failed, removed.error(), path);
        }
    }
    return pass;
}

/// Says who is still there, if anybody is.
Result<void> still_busy(const Pass& pass) {
    const auto pids = processes(pass.busy);
    if (!pids || pids->empty()) return pass.busy_why;
    Error error = pass.busy_why.error();
    error.what += concat(": ", pids->size(), " processes are left, such as ", pids->front());
    return std::unexpected(std::move(error));
}

}  // namespace

/// Mostly every rmdir(2) succeeds at once; nobody is asked for processes before one fails.
Result<void> remove(const Directories& directories, std::chrono::milliseconds limit) {
    Patience patience(limit);
    Pass pass = remove_each(directories);
    auto first_failed = pass.failed;
    while (!pass.busy.empty()) {
        // Its error is not told: what could not be killed shows in the rmdir that follows.
        static_cast<void>(signal_all(pass.busy, Signal{SIGKILL}));
        if (!patience.wait()) break;
        pass = remove_each(pass.busy);
        if (first_failed) first_failed = pass.failed;
    }
    if (!first_failed) return first_failed;
    return pass.busy.empty() ? Result<void>{} : still_busy(pass);
}

}  // namespace cleat::cgroup

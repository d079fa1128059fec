// Room: launch (layer 3). criu(8) as a worker: a process that answers messages on a socket
// (`criu swrk`). What the messages say is for others to know.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/plan/plan.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::launch {

struct CriuWork {
    /// Whose cgroups are made and hold the worker, and all that it restores; null: the caller's.
    const plan::Plan* confinement = nullptr;
    /// If not empty: the worker is in a mount namespace of its own, where `rootfs` is mounted on
    /// `mount_point`, as CRIU wants a root to be.
    std::string rootfs = {};
    std::string mount_point = {};
    /// Absolute paths, opened in the worker's mount namespace: CRIU mounts in them.
    std::vector<std::string> directories = {};
    std::vector<int> descriptors = {};
    /// In the worker the directories are 4, 5, …, and the descriptors follow.
    static constexpr int kFirstDescriptor = 4;
    /// The first message, for a worker that is in its cgroups already.
    std::function<Result<std::string>(pid_t worker)> first = {};
    /// What to say to a message; nothing: that was the last one.
    using Answer = std::optional<std::string>;
    std::function<Result<Answer>(std::string_view message, std::vector<sys::Fd> fds)> answer = {};
};

/// Has it done. Errors: Unsupported, "criu is not in PATH". On any error the worker is ended, and
/// so is all that is in cgroups that this call made.
[[nodiscard]] Result<void> have_criu_do(const CriuWork& work);

/// Whether there is a criu(8) to call.
[[nodiscard]] bool has_criu();

}  // namespace cleat::launch

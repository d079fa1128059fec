// Room: plan. How the container's process, or one more of `exec`, runs and what it may do.
#pragma once

#include <cstdint>
#include <vector>

#include "cleat/base/error.hpp"
#include "container.hpp"

namespace cleat::plan {

/// A process and where it will be.
struct Subject {
    const spec::Process& process;
    const spec::Linux& linux;
    const spec::Annotations& annotations;
    const HostFacts& facts;
    bool in_user_namespace = false;  ///< one of the container's, where all capabilities are there
    std::uint32_t preserve_fds = 0;
    bool makes_cwd = true;  ///< a working directory that is missing is made
    std::vector<spec::Problem>& warnings;
};

/// Limits and how the process is scheduled; while init has all rights still.
[[nodiscard]] Result<Steps> limit_steps(const Subject& subject);
/// umask, directory, HOME, and whether there is something to execute at all.
[[nodiscard]] Steps environment_steps(const Subject& subject);
/// Labels, user, capabilities and no_new_privs: after these the process is the user's.
[[nodiscard]] Steps identity_steps(const Subject& subject);
/// The end of every list, with seccomp and the startContainer hooks.
[[nodiscard]] Steps execute_steps(const Subject& subject, const Steps& start_hooks);

}  // namespace cleat::plan

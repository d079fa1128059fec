// Room: launch. What the children of the host do.
#pragma once

#include "cleat/kernel/context.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/plan/plan.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::launch {

/// All that a child finds by copy-on-write.
struct ChildArguments {
    const Request& request;
    kernel::Context& context;
    sys::Fd& host_end;  ///< the host's end of the socket pair, closed first
    sys::Fd& child_end;
    sys::Fd& seccomp_agent;  ///< connected before the clone, if the plan has a listener
    const plan::Clone& clone;
};

/// Walks plan.init and becomes the container's process.
[[noreturn]] void run_init(ChildArguments arguments) noexcept;
/// Whether a joiner is born in the container's cgroup, or has to wait until it was moved there.
enum class Place { Taken, Awaited };
/// Walks plan.joiner, clones init as its own sibling, tells the host and ends.
[[noreturn]] void run_joiner(ChildArguments arguments, Place place) noexcept;

}  // namespace cleat::launch

// Room: launch. The one place where processes are made.
#pragma once

#include <linux/sched.h>  // clone_args
#include <sys/types.h>

#include <cstdint>

#include "cleat/base/error.hpp"
#include "cleat/kernel/context.hpp"
#include "cleat/plan/steps.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::launch {

struct CloneRequest {
    std::uint64_t flags = 0;  ///< CLONE_NEW*, CLONE_PARENT
    int cgroup = -1;          ///< a v2 directory to be born in
};

/// pid 0 in the child.
struct Cloned {
    pid_t pid = 0;
    sys::Fd pidfd;
};

/// For clone3(2), but for where the pidfd goes. The caller hears of the child's end: who was
/// executed by somebody that ignores that would not (wait(2)).
[[nodiscard]] ::clone_args arguments_of(const CloneRequest& request) noexcept;

/// clone3(2) as fork(2) does it: memory by copy-on-write, signal handlers cleared, pidfd made.
[[nodiscard]] Result<Cloned> clone_process(const CloneRequest& request);

/// Whether the new process is a child of the caller or of the caller's parent (CLONE_PARENT).
enum class Sibling { No, Yes };

/// The clone that a plan asks for: born in its v2 cgroup and in the pid namespace to enter, which
/// the caller leaves again, so that its later children (hooks) stay where the caller is.
[[nodiscard]] Result<Cloned> clone_container(const plan::Clone& step,
                                             const kernel::Context& context, Sibling sibling);

}  // namespace cleat::launch

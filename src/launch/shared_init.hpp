// Room: launch. An init that needs no memory of its own.
#pragma once

#include "cleat/base/error.hpp"
#include "cleat/plan/plan.hpp"
#include "clone.hpp"
#include "init.hpp"
#include "vfork.hpp"

namespace cleat::launch {

/// Whether init may work in the host's memory until it executes its program. Not if
/// - it waits for `start`: the host ends before, and its memory would stay with init;
/// - it asks the host for the state (hooks, the seccomp listener), which the host changes;
/// - others might hold it: a member of a pid namespace, or in a user namespace;
/// - it fills file systems in memory, which its parent's cgroups would be charged for;
/// - it enters a time namespace, which the kernel gives no process with shared memory;
/// - the user's systemd may have to put it where it belongs, for which it waits.
[[nodiscard]] bool may_share_memory(const plan::Plan& plan, const plan::Clone& clone) noexcept;

class SharedInit {
 public:
    /// Runs init with what it had by copy-on-write otherwise: from here on the descriptors of
    /// `arguments` are two processes', each of which closes its own.
    /// Errors: as those of Vfork; init can be forked then.
    [[nodiscard]] Result<void> begin(const ChildArguments& arguments);
    /// Whether there is one to be met.
    [[nodiscard]] bool has_begun() const noexcept { return begun_; }
    [[nodiscard]] Result<Cloned> meet();
    /// Once init has executed its program, or is gone.
    void join() noexcept { vfork_.join(); }

 private:
    Vfork vfork_;
    bool begun_ = false;
};

}  // namespace cleat::launch

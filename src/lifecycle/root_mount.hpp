// Room: lifecycle. The root of a container without a mount namespace: a mount in the runtime's own,
// which outlives its processes. Runs in the host process.
#pragma once

#include "cleat/base/error.hpp"
#include "cleat/plan/plan.hpp"
#include "cleat/store/store.hpp"

namespace cleat::lifecycle {

/// The mount that is at the root path now, for a plan that mounts the root in the runtime's mount
/// namespace; nothing for every other plan.
[[nodiscard]] Result<store::KeptMount> mount_at_root(const plan::Plan& plan);

/// Unmounts the container's root with all mounts in it. A mount that is gone already is no error.
/// Errors: State, if another mount covers it.
[[nodiscard]] Result<void> unmount_root(const store::KeptMount& mount);

/// The same for a create that died: whatever was mounted over `covered` since then.
[[nodiscard]] Result<void> uncover(const store::KeptMount& covered);

}  // namespace cleat::lifecycle

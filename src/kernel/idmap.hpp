// Room: kernel. Idmapped mounts (mount_setattr(2)).
#pragma once

#include "cleat/base/error.hpp"
#include "cleat/kernel/context.hpp"
#include "cleat/plan/steps.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::kernel {

/// A user namespace with the mappings of the mount: the process's own one if it fits. Making
/// another takes a process, which only the launch room makes: Unsupported.
[[nodiscard]] Result<sys::Fd> user_namespace_for(const plan::BindMount& step,
                                                 const Context& context);

}  // namespace cleat::kernel

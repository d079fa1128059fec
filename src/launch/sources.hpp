// Room: launch. Objects of the host that the parent opens for init: mount sources, device nodes and
// namespaces. Runs in the parent.
#pragma once

#include "cleat/base/error.hpp"
#include "cleat/kernel/context.hpp"
#include "cleat/plan/plan.hpp"
#include "cleat/plan/steps.hpp"

namespace cleat::launch {

/// Opens the source of a mount. For a device, a host node with other numbers or no host node is
/// replaced by a new node in a file system of its own: mknod(2) is denied to init in its user
/// namespace.
[[nodiscard]] Result<void> open_source(const plan::OpenSource& step, const plan::Plan& plan,
                                       kernel::Context& context);

/// Opens a namespace to join. The namespace of the parent is an error if a step of the plan would
/// change it (a host name, a sysctl, a network device): the host would change.
[[nodiscard]] Result<void> open_namespace(const plan::OpenNamespace& step, const plan::Plan& plan,
                                          kernel::Context& context);

}  // namespace cleat::launch

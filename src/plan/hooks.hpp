// Room: plan. Hooks (config.md#posix-platform-hooks), each in the process and at the moment that
// the specification gives it. Poststart and poststop come after a plan's end.
#pragma once

#include "container.hpp"

namespace cleat::plan {

/// Host: prestart and createRuntime, between two gates; nothing if there are none.
[[nodiscard]] Steps call_runtime_hooks(const Container& container);
/// Init: the other side of those gates, then createContainer.
[[nodiscard]] Steps call_container_hooks(const Container& container);
/// Init: startContainer.
[[nodiscard]] Steps call_start_hooks(const Container& container);

/// Host: the files that hooks write to, by the host's paths.
[[nodiscard]] Steps open_hook_outputs(const Container& container);

}  // namespace cleat::plan

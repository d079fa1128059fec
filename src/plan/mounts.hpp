// Room: plan. /mounts, in the order of config.json.
#pragma once

#include "cleat/base/error.hpp"
#include "container.hpp"

namespace cleat::plan {

/// One step per mount. Errors name the mount's property.
/// Init, after the root's propagation was spread over all mounts: what single ones ask for.
[[nodiscard]] Steps own_propagation(const Container& container);
[[nodiscard]] Result<Steps> mount_steps(const Container& container);

/// Init, after the root's propagation was spread over all mounts: what single ones ask for.
[[nodiscard]] Steps own_propagation(const Container& container);

/// Whether the host opens what init would bind: a process in a user namespace is somebody else to
/// the host's directories. A rootless host has no more rights than init, and does not.
[[nodiscard]] bool host_opens_sources(const Container& container);

/// MS_* for all mounts of the new mount namespace, before anything else is mounted.
[[nodiscard]] std::uint64_t initial_propagation(const spec::Linux& linux) noexcept;

}  // namespace cleat::plan

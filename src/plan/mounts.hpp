// Room: plan. /mounts, in the order of config.json.
#pragma once

#include "cleat/base/error.hpp"
#include "container.hpp"

namespace cleat::plan {

/// One step per mount. Errors name the mount's property.
[[nodiscard]] Result<Steps> mount_steps(const Container& container);

/// Init, after everything in the root is made: mounts that were left writable for that.
[[nodiscard]] Steps readonly_steps(const Container& container);

/// Whether the host opens what init would bind: a process in a user namespace is somebody else to
/// the host's directories. A rootless host has no more rights than init, and does not.
[[nodiscard]] bool host_opens_sources(const Container& container);

/// Whether the container has no mount namespace and its mounts are made in the runtime's own.
[[nodiscard]] bool mounts_on_host(const Container& container);

/// MS_* for all mounts of the new mount namespace, before anything else is mounted.
[[nodiscard]] std::uint64_t initial_propagation(const spec::Linux& linux) noexcept;

/// `path` of the host as a path inside the root at `root`, "" if it is outside. Both are absolute.
[[nodiscard]] std::string path_below(std::string_view root, std::string_view path);

}  // namespace cleat::plan

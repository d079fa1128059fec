// Room: plan. The container's root: built in the host's view, then changed into and closed.
#pragma once

#include "cleat/base/error.hpp"
#include "container.hpp"

namespace cleat::plan {

/// Init: the root, /mounts and /dev, all by paths inside the root.
[[nodiscard]] Result<Steps> build_root(const Container& container);
/// Init: the console, then into the root for good, and what is hidden or read-only there.
[[nodiscard]] Result<Steps> enter_root(const Container& container);
/// Host: opens every source that a step of `init` expects in a slot.
[[nodiscard]] Steps open_sources(const spec::Linux& linux, const Steps& init);
/// The root's absolute path on the host.
[[nodiscard]] std::string root_path(const Container& container);

}  // namespace cleat::plan

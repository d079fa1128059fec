// Room: shim. The socket of a shim, which its name in containerd leads to.
#pragma once

#include <string>
#include <string_view>

#include "arguments.hpp"
#include "cleat/base/error.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::shim {

constexpr std::string_view kScheme = "unix://";

/// Where the shim of a container, or of the pod that the bundle in the current directory is of,
/// listens.
[[nodiscard]] std::string socket_of(const Arguments& arguments, const Bootstrap& bootstrap);

/// The listener, or none if a shim listens there already. One whose shim is gone is replaced.
[[nodiscard]] Result<sys::Fd> take_socket(const std::string& path);

/// Removes the socket that an address names, unless a shim listens there.
void remove_dead_socket(std::string_view address);

}  // namespace cleat::shim

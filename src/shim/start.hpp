// Room: shim. The two actions that containerd executes a shim for.
#pragma once

#include "arguments.hpp"
#include "cleat/base/error.hpp"

namespace cleat::shim {

/// Finds the pod's shim: what is to be printed. Or prints that itself, leaves a new one behind and
/// ends. `program` is argv[0].
[[nodiscard]] Result<std::string> start(std::string_view program, const Arguments& arguments);

/// The action that is executed by `start` alone: the daemon, with its listener as 3 and its log as
/// standard error. `argv` is its own.
[[nodiscard]] Result<void> serve(char** argv, const Arguments& arguments);

/// Removes what a container left whose shim is gone; what is to be printed.
[[nodiscard]] Result<std::string> remove(const Arguments& arguments);

}  // namespace cleat::shim

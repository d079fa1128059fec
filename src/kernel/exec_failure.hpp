// Room: kernel. Why a file that is there does not run.
#pragma once

#include <string>

#include "cleat/base/error.hpp"

namespace cleat::kernel {

/// The error of an execve(2) of `path` that failed with `errno_value`, with the cause where the
/// file tells it: missing interpreter or ELF loader, another architecture, no program at all, a
/// mount without exec, a directory that may not be entered.
[[nodiscard]] Error explain_exec_failure(const std::string& path, int errno_value);

}  // namespace cleat::kernel

// Room: shim. Root file systems that a program mounts, as containerd names them: their type is
// `fuse.PROGRAM` or `fuse3.PROGRAM`, and mount.fuse(8) or mount.fuse3(8) calls the program.
#pragma once

#include <string>
#include <string_view>

#include "cleat/base/error.hpp"
#include "messages.hpp"

namespace cleat::shim {

[[nodiscard]] bool is_fuse(std::string_view type) noexcept;

/// Lets it mount at the target; a process that serves the mount lives until that is taken off.
/// Errors: InvalidArgument for mapped ids; System with the last words of the helper, or if nothing
/// is mounted there when it has ended.
[[nodiscard]] Result<void> mount_fuse(const RootMount& mount, const std::string& target);

}  // namespace cleat::shim

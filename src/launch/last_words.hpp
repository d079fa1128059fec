// Room: launch. What is said of an init that failed.
#pragma once

#include "cleat/base/error.hpp"
#include "cleat/launch/launch.hpp"

namespace cleat::launch {

/// What init could not have for want of memory may be a file, a mount or a socket's buffer: the
/// limit is named then. Not for a member: what others did in its cgroups before says nothing.
[[nodiscard]] Error explained(Error error, const Request& request);

/// An init that ended without a word, with a status as wait_child() gives it.
[[nodiscard]] std::unexpected<Error> ended(const Result<int>& status, const Request& request);

}  // namespace cleat::launch

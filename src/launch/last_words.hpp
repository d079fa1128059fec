// Room: launch. What is said of an init that failed.
#pragma once

#include "cleat/base/error.hpp"
#include "cleat/plan/plan.hpp"

namespace cleat::launch {

/// What init could not have for want of memory may be a file, a mount or a socket's buffer: the
/// limit is named then.
[[nodiscard]] Error explained(Error error, const plan::Plan& plan);

/// An init that ended without a word, with a status as wait_child() gives it.
[[nodiscard]] std::unexpected<Error> ended(const Result<int>& status, const plan::Plan& plan);

}  // namespace cleat::launch

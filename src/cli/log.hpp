// Room: cli. Where messages go: standard error for people, --log for engines.
#pragma once

#include <string>

#include "arguments.hpp"
#include "cleat/base/error.hpp"

namespace cleat::cli {

/// Chooses target, form and threshold; nothing is opened yet.
void set_up_log(const Globals& globals);
/// Opens the target. After this the log no longer needs any path: init may speak, too.
[[nodiscard]] Result<void> open_log();
/// The one line of a run that failed: `context` is what was asked for ("create web1").
void report(const Error& error, const std::string& context);

}  // namespace cleat::cli

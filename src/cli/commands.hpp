// Room: cli. From the command line to the exit status.
#pragma once

#include <string>
#include <vector>

#include "arguments.hpp"
#include "cleat/base/error.hpp"
#include "cleat/lifecycle/lifecycle.hpp"

namespace cleat::cli {

/// Carries out one command; its exit status.
[[nodiscard]] Result<int> carry_out(const Globals& globals, const Arguments& arguments);

/// "create web1": what a command is about, for messages.
[[nodiscard]] std::string subject_of(const std::string& command, const Arguments& arguments);

/// How many descriptors of the caller the command passes on, from 3.
[[nodiscard]] std::uint64_t inherited_by(const Arguments& arguments);

/// Whether the command makes a process that is seen inside a container.
[[nodiscard]] bool enters_container(const Arguments& arguments);

}  // namespace cleat::cli

// Room: cli. What a run inherits: variables and descriptors.
#pragma once

#include <cstdint>
#include <string>

#include "arguments.hpp"
#include "cleat/base/error.hpp"
#include "cleat/lifecycle/lifecycle.hpp"

namespace cleat::cli {

[[nodiscard]] Result<lifecycle::Settings> settings_of(const Globals& globals);

/// How many sockets a service manager passed on to this process (sd_listen_fds(3)).
[[nodiscard]] std::uint32_t listen_fds();

/// Where this process's service manager hears of its readiness, or "" (sd_notify(3)).
[[nodiscard]] std::string notify_socket();

/// Descriptors 3 to 3 + `count` - 1 must be open before cleat opens any of its own.
[[nodiscard]] Result<void> check_inherited(std::uint64_t count);

}  // namespace cleat::cli

// Room: shim. The log: lines that containerd copies to its own.
#pragma once

namespace cleat::shim {

/// Warnings and errors go to standard error: the log of the daemon.
void log_to_stderr();
/// In an errand standard error is the container's; the log is its fourth descriptor.
inline constexpr int kErrandLog = 4;
void log_of_errand();

}  // namespace cleat::shim

// Room: launch. What the host does about signals, from before there is somebody to pass them on to.
#pragma once

#include <csignal>

#include "cleat/base/error.hpp"

namespace cleat::launch {

/// Blocks what attend() passes on, and says which signals these are. From the moment that a process
/// may be seen to run, a signal to `run` or `exec` is for it and must not end cleat instead.
[[nodiscard]] Result<::sigset_t> hold_signals();

/// Clears ONLCR (termios(3)) of a terminal: its lines end in LF. If standard output is a terminal,
/// nothing changes: that terminal is raw and needs CR LF. A failure leaves CR LF, and no more.
void clear_onlcr(int terminal) noexcept;

}  // namespace cleat::launch

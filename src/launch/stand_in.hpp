// Room: launch. The process that keeps a systemd scope alive until the container's own is in it.
// Does nothing but wait to be killed; ends with the host process.
#pragma once

namespace cleat::launch {

[[noreturn]] void stand_in() noexcept;

}  // namespace cleat::launch

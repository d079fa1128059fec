// Room: launch, private. What sealing leaves to be done later.
#pragma once

namespace cleat::launch {

/// Who closes the last descriptor of a mount that is attached nowhere waits for an RCU grace
/// period. So a child closes its own first, and the host this one when it has nothing else to do.
void close_mount_of_copy() noexcept;

}  // namespace cleat::launch

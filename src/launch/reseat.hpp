// Room: launch. A process image that changes the file it is mapped from.
#pragma once

#include "cleat/base/error.hpp"

namespace cleat::launch {

/// Maps this process' own segments from `copy` (open for reading, the same bytes as the executable)
/// and makes it /proc/self/exe, as if the process had been executed from it; memory, descriptors
/// and all else stay. The kernel itself refuses while anything is mapped from the old file (EBUSY).
/// After an error the process is whole all the same, and can execute the copy. Single-threaded.
/// Source: prctl(2) PR_SET_MM_MAP.
[[nodiscard]] Result<void> reseat_on(int copy);

}  // namespace cleat::launch

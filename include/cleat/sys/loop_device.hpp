// Room: sys (layer 1). Files as block devices (loop(4)).
#pragma once

#include <cstdint>
#include <string>

#include "cleat/base/error.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::sys {

/// A loop device that has a file behind it, and is free again when nobody uses it any more.
struct LoopDevice {
    Fd fd;
    std::string path;
};
/// `flags` are of LO_FLAGS_READ_ONLY and LO_FLAGS_DIRECT_IO (<linux/loop.h>).
[[nodiscard]] Result<LoopDevice> attach_loop_device(const std::string& file, std::uint32_t flags);

}  // namespace cleat::sys

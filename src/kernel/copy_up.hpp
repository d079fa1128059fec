// Room: kernel. tmpcopyup: a tmpfs that begins with what it covers.
#pragma once

#include "cleat/base/error.hpp"

namespace cleat::kernel {

/// Whether the root of the copy gets the owner of what it covers.
enum class Owner { Copied, Kept };

/// Copies what is in the directory `from` (O_PATH will do) to the empty directory `to`: files,
/// directories, symlinks, sockets, fifos and devices with owner, mode, times and extended
/// attributes. Hard links and holes stay what they are; mounts inside are left out. No symlink is
/// followed and no other file system entered.
[[nodiscard]] Result<void> copy_up(int from, int to, Owner owner);

}  // namespace cleat::kernel

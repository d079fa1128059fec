// Room: shim. The mounts that containerd's snapshots are, made by the shim before the container.
#pragma once

#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "messages.hpp"

namespace cleat::shim {

/// mount(8)'s options as mount(2) takes them.
struct MountWords {
    unsigned long flags = 0;
    std::vector<unsigned long> propagation;  ///< each needs a call of its own
    std::string data;
    std::string uid_map;  ///< mapped_root.hpp
    std::string gid_map;
    bool loop = false;    ///< the source is a file that a loop device is made of
    bool direct = false;  ///< that reads past the page cache
};
[[nodiscard]] MountWords mount_words(const std::vector<std::string>& options);

/// Makes them one after the other; those that were made stay if one fails.
[[nodiscard]] Result<void> mount_root(const std::vector<RootMount>& mounts,
                                      const std::string& rootfs);
/// Takes off all that lies there; nothing there is fine.
[[nodiscard]] Result<void> unmount_root(const std::string& rootfs);

}  // namespace cleat::shim

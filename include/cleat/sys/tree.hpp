// Room: sys (layer 1). Detached mounts (fsopen(2), open_tree(2), mount_setattr(2), move_mount(2)):
// built and given their flags first, attached once, so no half-made mount is ever visible.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::sys {

/// Whether an operation takes in the mounts below, too.
enum class Depth { Top, Recursive };

/// What a symlink as the last component of a path means.
enum class LastLink { Followed, Kept };

/// A mount that is not (or not yet) part of a mount namespace.
class Tree {
 public:
    /// A new file system: fsopen(2), one fsconfig(2) per option (a key without a value is a flag),
    /// fsmount(2) with `attributes` (MOUNT_ATTR_*). The kernel's own message is in the error.
    struct Filesystem {
        const char* type;
        const char* source = nullptr;
        const std::vector<std::pair<std::string, std::string>>* options = nullptr;
        std::uint64_t attributes = 0;
    };
    [[nodiscard]] static Result<Tree> make(const Filesystem& filesystem);
    /// Whether the kernel knows the type and its options: it is asked, and nothing is made.
    [[nodiscard]] static Result<void> ask(const Filesystem& filesystem);

    /// A copy of what is at `path` (or of `directory` itself if `path` is ""): a bind mount. The
    /// root of a mount can be a symlink.
    [[nodiscard]] static Result<Tree> clone(int directory, const char* path, Depth depth,
                                            LastLink link = LastLink::Followed);

    /// Takes an open_tree(2) descriptor that came from elsewhere (another process, a slot).
    [[nodiscard]] static Tree adopt(Fd fd) noexcept { return Tree(std::move(fd)); }

    /// mount_setattr(2): MOUNT_ATTR_* to set and to clear; `propagation` is MS_SHARED, MS_SLAVE,
    /// MS_PRIVATE, MS_UNBINDABLE or 0 to leave it; `user_namespace` (or -1) idmaps the mount.
    struct Attributes {
        std::uint64_t set = 0;
        std::uint64_t clear = 0;
        std::uint64_t propagation = 0;
        int user_namespace = -1;
    };
    [[nodiscard]] Result<void> set_attributes(const Attributes& attributes, Depth depth) const;

    /// Attaches at `directory`/`path`; no symlink at the end of `path` is followed.
    [[nodiscard]] Result<void> attach(int directory, const char* path) const;
    /// Attaches on what `target` (an O_PATH descriptor) refers to.
    [[nodiscard]] Result<void> attach_to(int target) const;

    /// Refers to the root of the mount, before and after it is attached.
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] Fd take() && noexcept { return std::move(fd_); }

 private:
    explicit Tree(Fd fd) noexcept : fd_(std::move(fd)) {}
    Fd fd_;
};

/// mount_setattr(2) on an attached mount, by descriptor or ("/" and kHere) by path.
[[nodiscard]] Result<void> set_mount_attributes(int directory, const char* path,
                                                const Tree::Attributes& attributes, Depth depth);
/// move_mount(2): attaches a detached mount, or moves one, to `directory`/`path`, whose last
/// component is not followed if it is a symlink.
[[nodiscard]] Result<void> move_mount(int mount, int directory, const char* path);
/// pivot_root(".", ".") and the old root taken off lazily, after it was made a slave so that the
/// host sees nothing of it. The caller has changed into the new root.
[[nodiscard]] Result<void> pivot_to_here();
/// mount(2) as it ever was, for options that the caller has as one text.
struct PlainMount {
    const char* source;
    const char* target;
    const char* type;
    unsigned long flags = 0;  ///< MS_*
    const char* data = nullptr;
};
[[nodiscard]] Result<void> mount_plain(const PlainMount& mount);
/// umount2(2) with MNT_DETACH.
[[nodiscard]] Result<void> detach_mount(const char* path);
/// The same for the mount whose root `fd` is, by way of a verified procfs of the host's.
[[nodiscard]] Result<void> detach_mount(int proc, int fd);
/// Which mount `path` is on, as long as that is mounted (statx(2), STATX_MNT_ID). The file system
/// is not asked.
[[nodiscard]] Result<std::uint64_t> mount_id(const char* path);
/// Whether `fd` is the root of a mount (statx(2)).
[[nodiscard]] Result<bool> is_mount_root(int fd);

}  // namespace cleat::sys

// Room: sys (layer 1). A container's root file system, whose content nobody vouches for. This is
// the only code that looks up, makes or removes anything in it; every look-up is one openat2(2)
// with RESOLVE_IN_ROOT, and what is made is one component below a directory that is held open.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>

#include "cleat/base/error.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::sys {

/// Whether something had to be made or had the name already.
enum class Made { New, Existing };

/// One name in a directory that is held open. Nothing here follows a symlink of that name, and
/// what is made has the mode asked for less the umask: init has none until SetUmask.
struct Place {
    Fd parent;
    std::string name;

    /// What has the name, O_PATH; a symlink itself.
    [[nodiscard]] Result<Fd> open() const;
    [[nodiscard]] Result<struct ::stat> status() const;
    /// Where the symlink of that name points to; EINVAL if it is none.
    [[nodiscard]] Result<std::string> read_link() const;
    [[nodiscard]] Result<Made> make_directory(mode_t mode) const;
    [[nodiscard]] Result<Made> make_file(mode_t mode) const;
    [[nodiscard]] Result<Made> make_symlink(const char* target) const;
    /// mknod(2): `mode` has the type, too.
    [[nodiscard]] Result<Made> make_node(mode_t mode, dev_t device) const;
};

class RootFs {
 public:
    RootFs() noexcept = default;
    /// `root` is a directory (O_PATH will do).
    explicit RootFs(Fd root) noexcept : root_(std::move(root)) {}
    [[nodiscard]] int fd() const noexcept { return root_.get(); }
    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(root_); }

    /// Opens what is there, symlinks followed inside the root, magic links refused (ELOOP).
    [[nodiscard]] Result<Fd> open(const char* path, std::uint64_t flags) const;
    /// As open(), but a symlink as the last component is not followed: O_PATH gives the link.
    [[nodiscard]] Result<Fd> open_no_follow(const char* path, std::uint64_t flags) const;

    /// Makes sure that a directory is at `path` (parents too, 0755) and opens it O_PATH. Where a
    /// symlink points to nothing, what it points to is made, inside the root.
    [[nodiscard]] Result<Fd> ensure_directory(const char* path) const;
    /// As ensure_directory(), for what was just found to be missing.
    [[nodiscard]] Result<Fd> make_directory(const char* path) const;
    /// Makes sure that something that is not a directory is at `path`, an empty file (0644) if
    /// nothing is there, and opens it O_PATH. Symlinks as in ensure_directory().
    [[nodiscard]] Result<Fd> ensure_file(const char* path) const;

    /// The open parent directory of `path` (made if missing) and the last component's name.
    using Place = sys::Place;
    [[nodiscard]] Result<Place> place(const char* path) const;

 private:
    Fd root_;
};

/// A descriptor reopened with other flags through /proc/self/fd of a verified procfs.
[[nodiscard]] Result<Fd> reopen(int proc, int fd, int flags);
/// The path that the kernel has for a descriptor, as this process's root sees it.
[[nodiscard]] Result<std::string> path_of(int proc, int fd);

/// Opens /proc and makes sure that it is the root of a procfs and not something mounted there
/// (statfs magic and inode 1). Used for every write to procfs before the root is changed.
[[nodiscard]] Result<Fd> open_proc();
/// Opens a file below a descriptor of open_proc(): no symlink, no other file system, nothing above.
[[nodiscard]] Result<Fd> open_proc_file(int proc, const char* path, int flags);

}  // namespace cleat::sys

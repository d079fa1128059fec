// Room: sys. Detached mounts.
#include "cleat/sys/tree.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleat/sys/files.hpp"
#include "internal.hpp"

namespace cleat::sys {
namespace {

constexpr std::uint64_t kSlave = std::uint64_t{1}
                                 << 19U;  // MS_SLAVE; <sys/mount.h> and <linux/mount.h> clash
constexpr int kDetach = 2;                // MNT_DETACH

long recursive_flag(Depth depth) { return depth == Depth::Recursive ? AT_RECURSIVE : 0; }

/// The kernel's own explanation, the last one of a file system context, after ": "; or nothing.
std::string context_message(int context) {
    constexpr int kMost = 8;  // what the kernel keeps
    constexpr std::size_t kMark = 2;
    std::string message;
    for (int i = 0; i < kMost; ++i) {
        char buffer[512];
        const auto length = ::read(context, buffer, sizeof buffer);
        if (length <= static_cast<ssize_t>(kMark)) break;
        std::string_view text(buffer, static_cast<std::size_t>(length));  // "e text\n"
        text.remove_prefix(kMark);
        while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
        message = concat(": ", text);
    }
    return message;
}

std::unexpected<Error> context_failed(const std::string& what, int context) {
    const int error = errno;
    return fail_errno(what + context_message(context), error);
}

Result<void> configure(int context, const Tree::Filesystem& filesystem) {
    if (filesystem.source != nullptr &&
        ::syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", filesystem.source, 0) < 0)
        return context_failed(concat("source ", quoted(filesystem.source)), context);
    if (filesystem.options != nullptr) {
        for (const auto& [key, value] : *filesystem.options) {
            const auto result =
                value.empty()
                    ? ::syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0)
                    : ::syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key.c_str(),
                                value.c_str(), 0);
            if (result < 0) {
                return context_failed(
                    concat("option ", quoted(value.empty() ? key : concat(key, "=", value))),
                    context);
            }
        }
    }
    return {};
}

Result<Fd> configured(const Tree::Filesystem& filesystem) {
    Fd context(static_cast<int>(::syscall(SYS_fsopen, filesystem.type, FSOPEN_CLOEXEC)));
    if (!context) {
        if (errno == ENODEV)
            return fail_errno(concat("unknown file system type ", quoted(filesystem.type)), ENODEV);
        return failed("open file system", filesystem.type);
    }
    TRY(configure(context.get(), filesystem));
    return context;
}

}  // namespace

Result<void> Tree::ask(const Filesystem& filesystem) {
    TRY(configured(filesystem));
    return {};
}

Result<Tree> Tree::make(const Filesystem& filesystem) {
    const Fd context = TRY(configured(filesystem));
    if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0)
        return context_failed("create file system", context.get());
    Fd mount(static_cast<int>(
        ::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, filesystem.attributes)));
    if (!mount) return context_failed(concat("mount ", filesystem.type), context.get());
    return Tree(std::move(mount));
}

Result<Tree> Tree::clone(int directory, const char* path, Depth depth, LastLink link) {
    const auto flags = static_cast<unsigned>(OPEN_TREE_CLONE) |
                       static_cast<unsigned>(OPEN_TREE_CLOEXEC) |
                       static_cast<unsigned>(recursive_flag(depth)) |
                       (link == LastLink::Kept ? static_cast<unsigned>(AT_SYMLINK_NOFOLLOW) : 0U) |
                       (*path == '\0' ? static_cast<unsigned>(AT_EMPTY_PATH) : 0U);
    Fd fd(
        static_cast<int>(retry([&] { return ::syscall(SYS_open_tree, directory, path, flags); })));
    if (!fd) return failed("open", *path == '\0' ? "mount" : path);
    return Tree(std::move(fd));
}

Result<void> Tree::set_attributes(const Attributes& attributes, Depth depth) const {
    return set_mount_attributes(fd(), "", attributes, depth);
}

Result<void> Tree::attach(int directory, const char* path) const {
    return move_mount(fd(), directory, path);
}

Result<void> Tree::attach_to(int target) const {
    if (::syscall(SYS_move_mount, fd(), "", target, "",
                  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return failed("attach", "mount");
    return {};
}

Result<void> set_mount_attributes(int directory, const char* path,
                                  const Tree::Attributes& attributes, Depth depth) {
    ::mount_attr attr{};
    attr.attr_set = attributes.set;
    attr.attr_clr = attributes.clear;
    attr.propagation = attributes.propagation;
    if (attributes.user_namespace >= 0) {
        attr.attr_set |= MOUNT_ATTR_IDMAP;
        attr.userns_fd = static_cast<unsigned long long>(attributes.user_namespace);
    }
    const long flags = recursive_flag(depth) | (*path == '\0' ? AT_EMPTY_PATH : 0);
    if (::syscall(SYS_mount_setattr, directory, path, flags, &attr, sizeof attr) < 0)
        return failed("set attributes of mount", path);
    return {};
}

Result<void> move_mount(int mount, int directory, const char* path) {
    if (::syscall(SYS_move_mount, mount, "", directory, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return failed("attach mount at", path);
    return {};
}

Result<void> pivot_to_here() {
    const Fd old_root = TRY(open_at(kHere, "/", O_PATH | O_DIRECTORY));
    if (::syscall(SYS_pivot_root, ".", ".") < 0) return failed("pivot_root", ".");
    // The old root lies on the new one now. Not ".": mount_setattr(2) takes that for the new root
    // with all that is below, and shared mounts of the container would be shared no longer.
    TRY(set_mount_attributes(old_root.get(), "", {.propagation = kSlave}, Depth::Recursive));
    if (::fchdir(old_root.get()) < 0) return failed("chdir", "old root");
    TRY(detach_mount("."));
    if (::chdir("/") < 0) return failed("chdir", "/");
    return {};
}

Result<void> mount_plain(const PlainMount& mount) {
    const auto done = retry([&] {
        return ::syscall(SYS_mount, mount.source, mount.target, mount.type, mount.flags,
                         mount.data);
    });
    if (done < 0) return failed("mount", mount.target);
    return {};
}

Result<void> detach_mount(const char* path) {
    if (::syscall(SYS_umount2, path, kDetach) < 0) return failed("unmount", path);
    return {};
}

Result<void> detach_mount(int proc, int fd) {
    if (::fchdir(proc) < 0) return failed("chdir", "/proc");
    return detach_mount(concat("self/fd/", fd).c_str());
}

Result<std::uint64_t> mount_id(const char* path) {
    struct ::statx status{};
    if (::statx(kHere, path, AT_STATX_DONT_SYNC, STATX_MNT_ID, &status) < 0)
        return failed("stat", path);
    return status.stx_mnt_id;
}

Result<bool> is_mount_root(int fd) {
    struct ::statx status{};
    if (::statx(fd, "", AT_EMPTY_PATH, 0, &status) < 0) return failed("stat", "mount");
    return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

}  // namespace cleat::sys

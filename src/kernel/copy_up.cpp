// Room: kernel. tmpcopyup. Runs in init, before the root is changed, on an image whose content
// nobody vouches for: every step down is one component below a directory that is held open.
#include "copy_up.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cleat/sys/files.hpp"
#include "failed.hpp"

namespace cleat::kernel {
namespace {

constexpr int kDeepest = 256;  // each level holds two descriptors and a stack frame
constexpr mode_t kModeBits = 07777;

/// The copy as a whole: paths, from its root, of files that have more than one name.
struct Copy {
    int root;
    std::map<std::pair<dev_t, ino_t>, std::string> links = {};
};

/// A directory and its copy; `path` leads there from the copy's root, with a slash behind.
struct Directory {
    int from;
    int to;
    std::string path;
    int depth;
};

/// One entry of a directory.
struct Entry {
    int from;
    int to;
    const char* name;
    const struct ::stat& status;
};

Result<void> copy_directory(const Directory& directory, Copy& copy);

Result<sys::Fd> open_entry(const Entry& entry, std::uint64_t flags) {
    return sys::open_resolved(entry.from, entry.name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
                              RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

/// What the new file system refuses (a security label, say) is not worth a failure.
void copy_attributes(int from, int to) {
    constexpr std::size_t kMost = 65536;  // of the names as well as of one value, xattr(7)
    std::vector<char> names(kMost);
    const auto length = ::flistxattr(from, names.data(), names.size());
    if (length <= 0) return;
    std::vector<char> value(kMost);
    for (const char* name = names.data(); name < names.data() + length;
         name += std::char_traits<char>::length(name) + 1) {
        const auto size = ::fgetxattr(from, name, value.data(), value.size());
        if (size >= 0)
            static_cast<void>(
                ::fsetxattr(to, name, value.data(), static_cast<std::size_t>(size), 0));
    }
}

/// Owner before mode: chown(2) takes set-id bits away. Times last.
Result<void> copy_metadata(int from, int to, const struct ::stat& status) {
    if (::fchown(to, status.st_uid, status.st_gid) < 0) return failed("set owner");
    if (::fchmod(to, status.st_mode & kModeBits) < 0) return failed("set mode");
    copy_attributes(from, to);
    const std::array<::timespec, 2> times{status.st_atim, status.st_mtim};
    if (::futimens(to, times.data()) < 0) return failed("set times");
    return {};
}

Result<void> copy_range(int from, int to, off_t begin, off_t end) {
    if (::lseek(to, begin, SEEK_SET) < 0) return failed("seek");
    while (begin < end) {
        const auto sent = ::sendfile(to, from, &begin, static_cast<std::size_t>(end - begin));
        if (sent == 0) return {};
        if (sent < 0 && errno != EINTR) return failed("copy content");
    }
    return {};
}

/// Holes stay holes (lseek(2), SEEK_DATA).
Result<void> copy_content(int from, int to, off_t size) {
    if (::ftruncate(to, size) < 0) return failed("set size");
    for (off_t end = 0; end < size;) {
        const off_t begin = ::lseek(from, end, SEEK_DATA);
        if (begin < 0 && errno == ENXIO) return {};
        if (begin < 0) return failed("find data");
        end = ::lseek(from, begin, SEEK_HOLE);
        if (end < 0) return failed("find hole");
        TRY(copy_range(from, to, begin, end));
    }
    return {};
}

Result<void> copy_file(const Entry& entry) {
    const auto from = TRY(open_entry(entry, O_RDONLY));
    const auto status = TRY(sys::stat_fd(from.get()));
    if (!S_ISREG(status.st_mode)) return fail(ErrorKind::System, "no longer a file");
    const auto to =
        TRY(sys::open_at(entry.to, entry.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, S_IRUSR));
    TRY(copy_content(from.get(), to.get(), status.st_size));
    return copy_metadata(from.get(), to.get(), status);
}

/// Another name of a file that is copied already is one in the copy, too.
Result<void> copy_file_or_link(const Entry& entry, const std::string& path, Copy& copy) {
    if (entry.status.st_nlink < 2) return copy_file(entry);
    const std::pair file(entry.status.st_dev, entry.status.st_ino);
    const auto [known, is_new] = copy.links.try_emplace(file, path);
    if (is_new) return copy_file(entry);
    if (::linkat(copy.root, known->second.c_str(), entry.to, entry.name, 0) < 0)
        return failed("make hard link");
    return {};
}

Result<void> copy_subdirectory(const Entry& entry, const Directory& parent, Copy& copy) {
    TRY(sys::make_directory_at(entry.to, entry.name, S_IRWXU));
    const auto to = TRY(sys::open_at(entry.to, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    const auto from = open_entry(entry, O_RDONLY | O_DIRECTORY);
    if (!from && from.error().errno_value == EXDEV)  // a mount point
        return copy_metadata(to.get(), to.get(), entry.status);
    if (!from) return std::unexpected(from.error());
    TRY(copy_directory({.from = from->get(),
                        .to = to.get(),
                        .path = concat(parent.path, entry.name, "/"),
                        .depth = parent.depth + 1},
                       copy));
    return copy_metadata(from->get(), to.get(), TRY(sys::stat_fd(from->get())));
}

Result<void> copy_symlink(const Entry& entry) {
    const std::string target = TRY(sys::read_link_at(entry.from, entry.name));
    if (::symlinkat(target.c_str(), entry.to, entry.name) < 0) return failed("make symlink");
    if (::fchownat(entry.to, entry.name, entry.status.st_uid, entry.status.st_gid,
                   AT_SYMLINK_NOFOLLOW) < 0)
        return failed("set owner");
    return {};
}

/// The new file system is held by nobody else yet: the name cannot have become a symlink.
Result<void> copy_node(const Entry& entry) {
    if (::mknodat(entry.to, entry.name, entry.status.st_mode, entry.status.st_rdev) < 0) {
        if (errno == EPERM) return {};  // a device, in a user namespace
        return failed("make node");
    }
    if (::fchownat(entry.to, entry.name, entry.status.st_uid, entry.status.st_gid,
                   AT_SYMLINK_NOFOLLOW) < 0)
        return failed("set owner");
    if (::fchmodat(entry.to, entry.name, entry.status.st_mode & kModeBits, 0) < 0)
        return failed("set mode");
    return {};
}

Result<void> copy_entry(const Entry& entry, const Directory& directory, Copy& copy) {
    switch (entry.status.st_mode & S_IFMT) {
        case S_IFREG:
            return copy_file_or_link(entry, directory.path + entry.name, copy);
        case S_IFDIR:
            return copy_subdirectory(entry, directory, copy);
        case S_IFLNK:
            return copy_symlink(entry);
        default:
            return copy_node(entry);
    }
}

Result<void> copy_directory(const Directory& directory, Copy& copy) {
    const auto& [from, to, path, depth] = directory;
    if (depth > kDeepest) return fail_errno("directories too deep", ENAMETOOLONG);
    for (const auto& name : TRY(sys::list_directory_at(from, "."))) {
        const auto status = TRY(sys::stat_at(from, name.c_str(), AT_SYMLINK_NOFOLLOW));
        auto done = copy_entry({.from = from, .to = to, .name = name.c_str(), .status = status},
                               directory, copy);
        if (!done) return std::unexpected(with_context(std::move(done).error(), name));
    }
    return {};
}

}  // namespace

Result<void> copy_up(int from, int to, Owner owner) {
    const auto source = TRY(sys::open_at(from, ".", O_RDONLY | O_DIRECTORY));
    const auto copy = TRY(sys::open_at(to, ".", O_RDONLY | O_DIRECTORY));
    Copy whole{.root = copy.get()};
    auto done =
        copy_directory({.from = source.get(), .to = copy.get(), .path = "", .depth = 0}, whole);
    if (!done) return std::unexpected(with_context(std::move(done).error(), "copy up"));
    if (owner == Owner::Kept) return {};
    const auto status = TRY(sys::stat_fd(source.get()));
    if (::fchown(copy.get(), status.st_uid, status.st_gid) < 0) return failed("set owner");
    return {};
}

}  // namespace cleat::kernel

// Room: sys. Look-ups in a root that nobody vouches for.
#include "cleat/sys/root_fs.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include "cleat/sys/files.hpp"
#include "internal.hpp"

namespace cleat::sys {
namespace {

constexpr std::uint64_t kInRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

/// mkdir for one component; somebody else's directory at the same moment is fine.
Result<void> make_one(int parent, const char* name, mode_t mode) {
    if (::mkdirat(parent, name, mode) == 0 || errno == EEXIST) return {};
    return failed("make directory", name);
}

}  // namespace

Result<Fd> RootFs::open(const char* path, std::uint64_t flags) const {
    return open_resolved(fd(), path, flags, kInRoot);
}

Result<Fd> RootFs::open_no_follow(const char* path, std::uint64_t flags) const {
    return open_resolved(fd(), path, flags | O_NOFOLLOW, kInRoot);
}

Result<RootFs::Place> RootFs::place(const char* path) const {
    std::string text = normal_path(path);
    const auto slash = text.rfind('/');
    std::string name = text.substr(slash + 1);
    if (name.empty()) return fail_errno(concat("no place below the root for ", quoted(path)), EINVAL);
    text.resize(slash);
    Fd parent = TRY(ensure_directory(text.empty() ? "/" : text.c_str()));
    return Place{std::move(parent), std::move(name)};
}

Result<Fd> RootFs::ensure_directory(const char* path, mode_t mode) const {
    constexpr std::uint64_t kDirectory = O_PATH | O_DIRECTORY;
    auto there = open(path, kDirectory);
    if (there || there.error().errno_value != ENOENT) return there;
    // Walk from the deepest directory that exists: each prefix is looked up from the root again,
    // so a symlink in the middle is followed inside the root and nowhere else.
    std::string prefix;
    const std::string text = normal_path(path);
    Fd parent = TRY(open("/", kDirectory));
    for (const auto part : split(std::string_view(text).substr(1), '/')) {
        prefix = concat(prefix, "/", part);
        auto next = open(prefix.c_str(), kDirectory);
        if (!next && next.error().errno_value == ENOENT) {
            const std::string name(part);
            TRY(make_one(parent.get(), name.c_str(), mode));
            next = open_resolved(parent.get(), name.c_str(), kDirectory | O_NOFOLLOW,
                                 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
        }
        if (!next) return std::unexpected(std::move(next).error());
        parent = *std::move(next);
    }
    return parent;
}

Result<Fd> RootFs::ensure_file(const char* path) const {
    auto there = open(path, O_PATH);
    if (!there && there.error().errno_value == ENOENT) {
        const Place where = TRY(place(path));
        const auto made = open_at(where.parent.get(), where.name.c_str(),
                                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
        if (!made && made.error().errno_value != EEXIST) return std::unexpected(made.error());
        there = open(path, O_PATH);
    }
    if (!there) return there;
    const auto status = TRY(stat_fd(there->get()));
    if (S_ISDIR(status.st_mode)) return fail_errno(concat("a directory is at ", path), EISDIR);
    return there;
}

Result<Fd> reopen(int proc, int fd, int flags) {
    return open_at(proc, concat("self/fd/", fd).c_str(), flags);
}

Result<Fd> open_proc() {
    constexpr ino_t kProcRoot = 1;
    Fd proc = TRY(open_at(kHere, "/proc", O_PATH | O_DIRECTORY));
    const auto magic = TRY(filesystem_magic(proc.get()));
    const auto status = TRY(stat_fd(proc.get()));
    if (magic != PROC_SUPER_MAGIC || status.st_ino != kProcRoot)
        return fail(ErrorKind::System, "/proc is not a procfs");
    return proc;
}

Result<Fd> open_proc_file(int proc, const char* path, int flags) {
    return open_resolved(proc, path, static_cast<std::uint64_t>(flags),
                         RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
}

}  // namespace cleat::sys

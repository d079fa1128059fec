// Room: sys. Look-ups in a root that nobody vouches for.
#include "cleat/sys/root_fs.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleat/sys/files.hpp"
#include "internal.hpp"

namespace cleat::sys {
namespace {

constexpr std::uint64_t kInRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
constexpr std::uint64_t kDirectory = O_PATH | O_DIRECTORY;
constexpr int kMaxLinks = 40;  // as the kernel, path_resolution(7)
constexpr mode_t kParentMode = 0755;
constexpr mode_t kFileMode = 0644;

/// Of a call that makes something: somebody else's at the same moment is fine.
Result<Made> made_or_there(int result, const char* verb, const std::string& name) {
    if (result == 0) return Made::New;
    if (errno == EEXIST) return Made::Existing;
    return failed(verb, name);
}

bool is_missing(const Error& error) { return error.errno_value == ENOENT; }

/// The directory part and the last component of a path that begins with "/".
std::pair<std::string, std::string> split_last(const std::string& path) {
    const auto slash = path.rfind('/');
    return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

/// Where the path leads on, when what is at `link` in it is a symlink to `target`: each look-up of
/// the result begins at the root again, so that ".." in it cannot leave the root.
std::string detour(const std::string& link, const std::string& target, std::string_view rest) {
    if (target.starts_with('/')) return concat(target, rest);
    return concat(split_last(link).first, "/", target, rest);
}

/// A walk that ended, or the path on which it has to go on.
struct Walked {
    Fd fd;
    std::string detour;
};

/// Makes the directory `name`, or finds out where the dangling symlink of that name points to.
Result<Walked> make_component(const Place& where, const std::string& prefix,
                              std::string_view rest) {
    TRY(where.make_directory(kParentMode));
    auto made = open_resolved(where.parent.get(), where.name.c_str(), kDirectory,
                              RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
    if (made) return Walked{.fd = *std::move(made), .detour = {}};
    if (made.error().errno_value != ELOOP) return std::unexpected(std::move(made).error());
    return Walked{.fd = {}, .detour = detour(prefix, TRY(where.read_link()), rest)};
}

/// From the root down: each prefix is looked up from the root again, so a symlink in the middle is
/// followed inside the root and nowhere else.
Result<Walked> make_along(const RootFs& root, const std::string& path) {
    Walked at{.fd = TRY(root.open("/", kDirectory)), .detour = {}};
    for (std::size_t end = 0; end != std::string::npos;) {
        const std::size_t begin = end + 1;
        end = path.find('/', begin);
        Place where{.parent = {}, .name = path.substr(begin, end - begin)};
        if (where.name.empty()) continue;
        const std::string prefix = path.substr(0, end);
        auto next = root.open(prefix.c_str(), kDirectory);
        if (next) {
            at.fd = *std::move(next);
            continue;
        }
        if (!is_missing(next.error())) return std::unexpected(std::move(next).error());
        where.parent = std::move(at.fd);
        at = TRY(make_component(
            where, prefix, end == std::string::npos ? "" : std::string_view(path).substr(end)));
        if (!at.detour.empty()) return at;
    }
    return at;
}

/// mkdir -p in the root, links to nothing followed. `whole` begins with "/"; ".." in it are left to
/// the kernel.
Result<Fd> ensure_along(const RootFs& root, std::string whole) {
    for (int links = 0; links <= kMaxLinks; ++links) {
        auto walked = TRY(make_along(root, whole));
        if (walked.detour.empty()) return std::move(walked.fd);
        whole = std::move(walked.detour);
    }
    return fail_errno(concat("open ", whole), ELOOP);
}

}  // namespace

Result<Fd> Place::open() const {
    return open_resolved(parent.get(), name.c_str(), O_PATH | O_NOFOLLOW, RESOLVE_BENEATH);
}

Result<struct ::stat> Place::status() const {
    return stat_at(parent.get(), name.c_str(), AT_SYMLINK_NOFOLLOW);
}

Result<std::string> Place::read_link() const { return read_link_at(parent.get(), name.c_str()); }

Result<Made> Place::make_directory(mode_t mode) const {
    return made_or_there(::mkdirat(parent.get(), name.c_str(), mode), "make directory", name);
}

Result<Made> Place::make_file(mode_t mode) const {
    const Fd file(::openat(parent.get(), name.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    return made_or_there(file ? 0 : -1, "make file", name);
}

Result<Made> Place::make_symlink(const char* target) const {
    return made_or_there(::symlinkat(target, parent.get(), name.c_str()), "make symlink", name);
}

Result<Made> Place::make_node(mode_t mode, dev_t device) const {
    return made_or_there(::mknodat(parent.get(), name.c_str(), mode, device), "make node", name);
}

Result<Fd> RootFs::open(const char* path, std::uint64_t flags) const {
    return open_resolved(fd(), path, flags, kInRoot);
}

Result<Fd> RootFs::open_no_follow(const char* path, std::uint64_t flags) const {
    return open_resolved(fd(), path, flags | O_NOFOLLOW, kInRoot);
}

Result<Place> RootFs::place(const char* path) const {
    auto [directory, name] = split_last(normal_path(path));
    if (name.empty()) return fail_errno(concat("no place below the root: ", quoted(path)), EINVAL);
    return Place{.parent = TRY(ensure_directory(directory.c_str())), .name = std::move(name)};
}

Result<Fd> RootFs::ensure_directory(const char* path) const {
    auto there = open(path, kDirectory);
    if (there || !is_missing(there.error())) return there;
    return make_directory(path);
}

/// Mostly the last component alone is missing. If not, or if it has appeared meanwhile, the walk
/// finds out what is there: a magic link in /proc/self/fd appears by opening its parent.
Result<Fd> RootFs::make_directory(const char* path) const {
    std::string whole = normal_path(path);
    auto [directory, name] = split_last(whole);
    auto parent = open(directory.c_str(), kDirectory);
    if (!parent || name.empty() || name == "..") return ensure_along(*this, std::move(whole));
    const Place where{.parent = *std::move(parent), .name = std::move(name)};
    if (TRY(where.make_directory(kParentMode)) == Made::Existing)
        return ensure_along(*this, std::move(whole));
    return open_resolved(where.parent.get(), where.name.c_str(), kDirectory,
                         RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

Result<Fd> RootFs::ensure_file(const char* path) const {
    auto there = open(path, O_PATH);
    std::string whole = normal_path(path);
    for (int links = 0; !there && is_missing(there.error()); ++links) {
        if (links > kMaxLinks) return fail_errno(concat("open ", path), ELOOP);
        auto [directory, name] = split_last(whole);
        const Place where{.parent = TRY(ensure_along(*this, std::move(directory))),
                          .name = std::move(name)};
        if (TRY(where.make_file(kFileMode)) == Made::Existing) {
            const auto link = where.read_link();
            if (link)
                whole = detour(whole, *link, "");
            else if (link.error().errno_value != EINVAL)  // no link: another runtime made the file
                return std::unexpected(link.error());
        }
        there = open(whole.c_str(), O_PATH);
    }
    if (!there) return there;
    const auto status = TRY(stat_fd(there->get()));
    if (S_ISDIR(status.st_mode)) return fail_errno(concat("a directory is at ", path), EISDIR);
    return there;
}

Result<Fd> reopen(int proc, int fd, int flags) {
    return open_at(proc, concat("self/fd/", fd).c_str(), flags);
}

Result<std::string> path_of(int proc, int fd) {
    return read_link_at(proc, concat("self/fd/", fd).c_str());
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

// Room: sys. Files and directories by trusted paths.
#include "cleat/sys/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <memory>

#include "internal.hpp"

namespace cleat::sys {

Result<Fd> open_at(int directory, const char* path, int flags, mode_t mode) {
    Fd fd(retry([&] { return ::openat(directory, path, flags | O_CLOEXEC, mode); }));
    if (!fd) return failed("open", path);
    return fd;
}

Result<Fd> open_resolved(int directory, const char* path, std::uint64_t flags,
                         std::uint64_t resolve) {
    constexpr int kTries = 128;  // EAGAIN: a rename elsewhere raced with "..", openat2(2)
    ::open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.resolve = resolve;
    for (int i = 0; i < kTries; ++i) {
        Fd fd(static_cast<int>(
            retry([&] { return ::syscall(SYS_openat2, directory, path, &how, sizeof how); })));
        if (fd) return fd;
        if (errno != EAGAIN) break;
    }
    return failed("open", path);
}

Result<std::string> read_all(int fd, std::size_t limit) {
    constexpr std::size_t kStart = 4096;
    std::string text;
    std::size_t used = 0;
    for (;;) {
        if (used == text.size()) text.resize(text.empty() ? kStart : text.size() * 2);
        const auto got = retry([&] { return ::read(fd, text.data() + used, text.size() - used); });
        if (got < 0) return failed("read", "file");
        if (got == 0) break;
        used += static_cast<std::size_t>(got);
        if (used > limit) return fail_errno(concat("more than ", limit, " bytes"), EFBIG);
    }
    text.resize(used);
    return text;
}

Result<std::string> read_text_at(int directory, const char* path, std::size_t limit) {
    const Fd fd = TRY(open_at(directory, path, O_RDONLY));
    auto text = read_all(fd.get(), limit);
    if (!text) return std::unexpected(with_context(std::move(text).error(), path));
    return text;
}

Result<std::string> read_record(int fd, const char* name) {
    char buffer[4096];
    const auto got = retry([&] { return ::read(fd, buffer, sizeof buffer); });
    if (got < 0) return failed("read", name);
    std::string text(buffer, static_cast<std::size_t>(got));
    if (text.size() == sizeof buffer) text += TRY(read_all(fd));
    return text;
}

Result<std::string> read_record_at(int directory, const char* path) {
    const Fd fd = TRY(open_at(directory, path, O_RDONLY));
    return read_record(fd.get(), path);
}

Result<void> write_text_at(int directory, const char* path, std::string_view text) {
    const Fd fd = TRY(open_at(directory, path, O_WRONLY));
    const auto written = retry([&] { return ::write(fd.get(), text.data(), text.size()); });
    if (written < 0) return failed("write", path);
    if (static_cast<std::size_t>(written) != text.size())
        return fail_errno(concat("short write to ", path), EIO);
    return {};
}

Result<void> write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const auto written = retry([&] { return ::write(fd, text.data(), text.size()); });
        if (written < 0) return failed("write", "file");
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> replace_file_at(int directory, const char* path, std::string_view text, mode_t mode) {
    const std::string temporary = concat(path, ".", ::getpid(), ".tmp");
    auto done = write_file_at(directory, temporary.c_str(), text, mode);
    if (done) done = rename_at(directory, temporary.c_str(), path);
    if (done) return done;
    ::unlinkat(directory, temporary.c_str(), 0);
    return std::unexpected(with_context(std::move(done).error(), concat("write ", path)));
}

Result<void> write_file_at(int directory, const char* path, std::string_view text, mode_t mode) {
    constexpr int kAnew = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW;
    const Fd fd = TRY(open_at(directory, path, kAnew, mode));
    return write_all(fd.get(), text);
}

Result<void> rename_at(int directory, const char* from, const char* to) {
    if (::renameat(directory, from, directory, to) < 0) return failed("rename to", to);
    return {};
}

Result<void> make_directory_at(int directory, const char* path, mode_t mode) {
    if (::mkdirat(directory, path, mode) < 0) return failed("make directory", path);
    return {};
}

Result<void> make_directories(const std::string& path, mode_t mode) {
    for (std::size_t end = 0; end != std::string::npos;) {
        end = path.find('/', end + 1);
        const std::string part = path.substr(0, end);
        if (::mkdirat(kHere, part.c_str(), mode) == 0 || errno == EEXIST) continue;
        const int error = errno;
        if (exists_at(kHere, part.c_str())) continue;  // a read-only or foreign parent
        return fail_errno(concat("make directory ", part), error);
    }
    return {};
}

Result<void> remove_directory_at(int directory, const char* path) {
    if (::unlinkat(directory, path, AT_REMOVEDIR) < 0) return failed("remove directory", path);
    return {};
}

Result<void> remove_file_at(int directory, const char* path) {
    if (::unlinkat(directory, path, 0) < 0) return failed("remove", path);
    return {};
}

Result<std::vector<std::string>> list_directory_at(int directory, const char* path) {
    alignas(::dirent64) char buffer[4096];
    const Fd fd = TRY(open_at(directory, path, O_RDONLY | O_DIRECTORY));
    std::vector<std::string> names;
    for (;;) {
        const auto got = ::getdents64(fd.get(), buffer, sizeof buffer);
        if (got < 0 && errno != ENOENT) return failed("read directory", path);
        if (got <= 0) break;  // the end, or the directory itself is gone, getdents(2)
        for (std::ptrdiff_t at = 0; at < got;) {
            const auto* entry = reinterpret_cast<const ::dirent64*>(buffer + at);
            at += entry->d_reclen;
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") names.emplace_back(name);
        }
    }
    std::ranges::sort(names);
    return names;
}

Result<struct ::stat> stat_at(int directory, const char* path, int flags) {
    struct ::stat status{};
    if (::fstatat(directory, path, &status, flags) < 0) return failed("stat", path);
    return status;
}

Result<struct ::stat> stat_fd(int fd) {
    struct ::stat status{};
    if (::fstat(fd, &status) < 0) return failed("stat", "descriptor");
    return status;
}

Result<std::int64_t> filesystem_magic(int fd) {
    struct ::statfs status{};
    if (::fstatfs(fd, &status) < 0) return failed("statfs", "descriptor");
    return std::int64_t{status.f_type};
}

Result<std::string> real_path(const std::string& path) {
    const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), ::free);
    if (real == nullptr) return failed("look up", path);
    return std::string(real.get());
}

Result<std::string> read_link_at(int directory, const char* path) {
    char buffer[PATH_MAX];
    const auto length = ::readlinkat(directory, path, buffer, sizeof buffer);
    if (length < 0) return failed("read link", path);
    return std::string(buffer, static_cast<std::size_t>(length));
}

Result<bool> is_there_at(int directory, const char* path) {
    if (::faccessat(directory, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return failed("look for", path);
}

bool exists_at(int directory, const char* path) noexcept {
    return ::faccessat(directory, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace cleat::sys

// Room: sys (layer 1). Files and directories by trusted paths: the host's own files, cgroup
// directories, the state directory. What lies in a container's root goes through RootFs instead.
// Every descriptor is close-on-exec from birth; EINTR is retried. Each error names the path.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::sys {

/// The current directory, for the `directory` arguments below (AT_FDCWD).
inline constexpr int kHere = -100;

/// openat(2) with O_CLOEXEC added.
[[nodiscard]] Result<Fd> open_at(int directory, const char* path, int flags, mode_t mode = 0);

/// openat2(2) of what exists, with O_CLOEXEC added; `resolve` is of RESOLVE_*; EAGAIN is retried up
/// to 128 times.
[[nodiscard]] Result<Fd> open_resolved(int directory, const char* path, std::uint64_t flags,
                                       std::uint64_t resolve);

/// The whole text of a file, at most `limit` bytes; a longer one is an error (EFBIG).
[[nodiscard]] Result<std::string> read_text_at(int directory, const char* path,
                                               std::size_t limit = std::size_t{4} << 20U);
/// The text of a file that the kernel gives as one record (/proc/PID/stat, a value of a cgroup) or
/// that nobody appends to: what is less than a page has come with the first read(2), no second one
/// looks for its end. `name` is for the error.
[[nodiscard]] Result<std::string> read_record(int fd, const char* name);
[[nodiscard]] Result<std::string> read_record_at(int directory, const char* path);
[[nodiscard]] Result<std::string> read_all(int fd, std::size_t limit = std::size_t{4} << 20U);

/// One write(2) of the whole text to an existing file (cgroup and proc files want it in one).
[[nodiscard]] Result<void> write_text_at(int directory, const char* path, std::string_view text);
/// Writes all of `text`, in as many write(2) as it takes.
[[nodiscard]] Result<void> write_all(int fd, std::string_view text);

/// Makes `path` hold `text` at once or not at all: a temporary file beside it, then rename(2).
[[nodiscard]] Result<void> replace_file_at(int directory, const char* path, std::string_view text,
                                           mode_t mode);
/// The two halves of that, with a name of the caller's for the temporary file.
[[nodiscard]] Result<void> write_file_at(int directory, const char* path, std::string_view text,
                                         mode_t mode);
[[nodiscard]] Result<void> rename_at(int directory, const char* from, const char* to);

[[nodiscard]] Result<void> make_directory_at(int directory, const char* path, mode_t mode);
/// mkdir -p; directories that exist are left as they are.
[[nodiscard]] Result<void> make_directories(const std::string& path, mode_t mode);
[[nodiscard]] Result<void> remove_directory_at(int directory, const char* path);
[[nodiscard]] Result<void> remove_file_at(int directory, const char* path);
/// The names in a directory, without "." and "..", sorted.
[[nodiscard]] Result<std::vector<std::string>> list_directory_at(int directory, const char* path);

[[nodiscard]] Result<struct ::stat> stat_at(int directory, const char* path, int flags = 0);
[[nodiscard]] Result<struct ::stat> stat_fd(int fd);
/// The magic number of the file system that holds `fd` (statfs(2)).
[[nodiscard]] Result<std::int64_t> filesystem_magic(int fd);
/// realpath(3); the path must exist.
[[nodiscard]] Result<std::string> real_path(const std::string& path);
[[nodiscard]] Result<std::string> read_link_at(int directory, const char* path);
/// Whether something has that name (a link counts, wherever it leads). What cannot be told is an
/// error (EACCES, EIO, …) for `is_there_at`, and no for `exists_at`: that one is for messages and
/// for what may be left out.
[[nodiscard]] Result<bool> is_there_at(int directory, const char* path);
[[nodiscard]] bool exists_at(int directory, const char* path) noexcept;

}  // namespace cleat::sys

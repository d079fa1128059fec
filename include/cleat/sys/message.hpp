// Room: sys (layer 1). Seqpacket and stream sockets that carry bytes and descriptors (unix(7)).
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::sys {

/// A connected pair of SOCK_SEQPACKET, close-on-exec.
[[nodiscard]] Result<std::pair<Fd, Fd>> seqpacket_pair();

/// One message with at most 8 descriptors; SIGPIPE is not raised.
[[nodiscard]] Result<void> send_message(int socket, std::span<const std::byte> bytes,
                                        std::span<const int> fds = {});

/// One message; 0 bytes means end of file. Truncated messages are an error (EMSGSIZE). Received
/// descriptors are close-on-exec. With `limit`, nothing within that time is an error (ETIMEDOUT).
struct Received {
    std::size_t size = 0;
    std::vector<Fd> fds;
};
[[nodiscard]] Result<Received> receive_message(
    int socket, std::span<std::byte> buffer,
    std::optional<std::chrono::milliseconds> limit = std::nullopt);

/// A listening SOCK_SEQPACKET at `directory`/`name` (reached through /proc/self/fd, so that no path
/// is too long), and a connection to one.
[[nodiscard]] Result<Fd> listen_at(int directory, const std::string& name);
[[nodiscard]] Result<Fd> connect_at(int directory, const std::string& name);
/// A listening SOCK_STREAM at a path, for its owner alone. Errors: EADDRINUSE if something is
/// there.
[[nodiscard]] Result<Fd> listen_stream(const std::string& path);
/// A connection to a SOCK_STREAM socket at any path, however long.
[[nodiscard]] Result<Fd> connect_stream(const std::string& path);
/// The same, at once or not at all (EAGAIN: its listener is busy); the path must be short. Reading
/// and writing do not wait either.
[[nodiscard]] Result<Fd> connect_stream_now(const std::string& path);

}  // namespace cleat::sys

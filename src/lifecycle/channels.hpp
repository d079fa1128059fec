// Room: lifecycle. What the caller gave and wants back: sockets, pid files, descriptors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "birth.hpp"
#include "cleat/base/error.hpp"
#include "cleat/sys/fd.hpp"
#include "cleat/sys/process.hpp"

namespace cleat::lifecycle {

/// A terminal of a process that is left alone needs a socket to send it to, and nothing else does.
[[nodiscard]] Result<void> check_terminal(bool terminal, const std::string& console_socket,
                                          Company company);

/// Connects to the socket that gets the terminal; none for an empty path.
[[nodiscard]] Result<sys::Fd> connect_console(const std::string& path);

/// The pid, decimal, no newline, there at once or not at all; nothing for an empty path.
[[nodiscard]] Result<void> write_pid_file(const std::string& path, pid_t pid);

/// Sends the process's pidfd to the stream socket at `path`; nothing for an empty path.
[[nodiscard]] Result<void> send_pidfd(const std::string& path, const sys::ProcessIdentity& process);

/// LISTEN_FDS and LISTEN_PID for a process that is pid 1 of its own (sd_listen_fds(3)).
void add_listen_fds(std::vector<std::string>& env, std::uint32_t count);

}  // namespace cleat::lifecycle

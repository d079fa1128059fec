// Room: lifecycle. Sockets, pid files and descriptors between cleat and its caller, in the host
// process. The paths are the caller's own and trusted.
#include "channels.hpp"

#include <span>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/message.hpp"

namespace cleat::lifecycle {

Result<void> check_terminal(bool terminal, const std::string& console_socket, Company company) {
    const bool wanted = terminal && company == Company::Detached;
    if (wanted && console_socket.empty()) {
        return fail(ErrorKind::InvalidArgument,
                    "process.terminal of a detached process needs a console socket");
    }
    if (!wanted && !console_socket.empty()) {
        return fail(ErrorKind::InvalidArgument,
                    "a console socket needs process.terminal and a detached process");
    }
    return {};
}

Result<sys::Fd> connect_console(const std::string& path) {
    if (path.empty()) return sys::Fd();
    auto socket = sys::connect_stream(path);
    if (socket) return socket;
    return std::unexpected(with_context(std::move(socket).error(), "console socket"));
}

Result<void> write_pid_file(const std::string& path, pid_t pid) {
    constexpr mode_t kReadableByAll = 0644;
    if (path.empty()) return {};
    return sys::replace_file_at(sys::kHere, path.c_str(), concat(pid), kReadableByAll);
}

Result<void> send_pidfd(const std::string& path, const sys::ProcessIdentity& process) {
    if (path.empty()) return {};
    const sys::Fd socket = TRY(sys::connect_stream(path));
    const sys::Fd pidfd = TRY(sys::open_pidfd(process));
    const int fd = pidfd.get();
    return sys::send_message(socket.get(), std::as_bytes(std::span(path)), std::span(&fd, 1));
}

void add_listen_fds(std::vector<std::string>& env, std::uint32_t count) {
    if (count == 0) return;
    env.push_back(concat("LISTEN_FDS=", count));
    env.emplace_back("LISTEN_PID=1");
}

}  // namespace cleat::lifecycle

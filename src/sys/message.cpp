// Room: sys. Sockets that carry bytes and descriptors.
#include "cleat/sys/message.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "cleat/sys/files.hpp"
#include "internal.hpp"

namespace cleat::sys {
namespace {

constexpr std::size_t kMaxFds = 8;

union ControlBuffer {
    ::cmsghdr header;
    std::array<char, CMSG_SPACE(sizeof(int) * kMaxFds)> bytes;
};

Result<::sockaddr_un> short_address(const std::string& path) {
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return fail_errno(concat("socket path too long: ", path), ENAMETOOLONG);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

const ::sockaddr* generic(const ::sockaddr_un& address) {
    return reinterpret_cast<const ::sockaddr*>(&address);
}

Result<Fd> connected(int type, const std::string& path) {
    const auto address = TRY(short_address(path));
    Fd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    if (!socket) return failed("make socket for", path);
    if (retry([&] { return ::connect(socket.get(), generic(address), sizeof address); }) < 0)
        return failed("connect to", path);
    return socket;
}

/// The file that bind(2) makes has the socket's own mode, less the umask. `name` is for errors.
Result<Fd> bound(int type, const std::string& path, const std::string& name, mode_t mode) {
    const auto address = TRY(short_address(path));
    Fd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    if (!socket) return failed("make socket", name);
    if (::fchmod(socket.get(), mode) < 0) return failed("chmod socket", name);
    if (::bind(socket.get(), generic(address), sizeof address) < 0) return failed("bind", name);
    return socket;
}

Result<Fd> listening(int type, const std::string& path, const std::string& name, int queue) {
    constexpr mode_t kOwnerOnly = 0600;
    Fd socket = TRY(bound(type, path, name, kOwnerOnly));
    if (::listen(socket.get(), queue) < 0) return failed("listen on", name);
    return socket;
}

/// A path that is too long for an address is reached through its directory.
Result<Fd> connected_to_path(int type, const std::string& path) {
    if (path.size() < sizeof(::sockaddr_un::sun_path)) return connected(type, path);
    const auto slash = path.rfind('/');
    const Fd parent = TRY(open_at(kHere, path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY));
    return connected(type, concat("/proc/self/fd/", parent.get(), path.substr(slash)));
}

std::vector<Fd> take_fds(::msghdr& message) {
    std::vector<Fd> fds;
    for (auto* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            fds.emplace_back(fd);
        }
    }
    return fds;
}

Result<void> wait_readable(int socket, std::chrono::milliseconds limit) {
    ::pollfd watch{.fd = socket, .events = POLLIN, .revents = 0};
    const int got = retry([&] { return ::poll(&watch, 1, static_cast<int>(limit.count())); });
    if (got < 0) return failed("poll", "socket");
    if (got == 0) return fail_errno("no answer in time", ETIMEDOUT);
    return {};
}

}  // namespace

Result<std::pair<Fd, Fd>> seqpacket_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return failed("make", "socket pair");
    return std::pair(Fd(ends[0]), Fd(ends[1]));
}

Result<void> send_message(int socket, std::span<const std::byte> bytes, std::span<const int> fds) {
    if (fds.size() > kMaxFds) return fail_errno("too many descriptors in a message", EINVAL);
    ::iovec part{};
    part.iov_base = const_cast<std::byte*>(bytes.data());  // iovec serves reading and writing
    part.iov_len = bytes.size();
    ControlBuffer control{};
    ::msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!fds.empty()) {
        message.msg_control = control.bytes.data();
        message.msg_controllen = CMSG_SPACE(fds.size_bytes());
        auto* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fds.size_bytes());
        std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
    }
    if (retry([&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL); }) < 0)
        return failed("send", "message");
    return {};
}

Result<Received> receive_message(int socket, std::span<std::byte> buffer,
                                 std::optional<std::chrono::milliseconds> limit) {
    if (limit) TRY(wait_readable(socket, *limit));
    ::iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
    ControlBuffer control{};
    ::msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    const auto got = retry([&] { return ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC); });
    if (got < 0) return failed("receive", "message");
    Received received{.size = static_cast<std::size_t>(got), .fds = take_fds(message)};
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
        return fail_errno("message too long", EMSGSIZE);
    return received;
}

Result<Fd> listen_at(int directory, const std::string& name) {
    return listening(SOCK_SEQPACKET, concat("/proc/self/fd/", directory, "/", name), name, 1);
}

Result<Fd> listen_stream(const std::string& path) {
    return listening(SOCK_STREAM, path, path, SOMAXCONN);
}

Result<Fd> take_datagrams_at(int directory, const std::string& name) {
    constexpr mode_t kEverybody = 0666;
    const mode_t umask_now = ::umask(0);
    auto socket =
        bound(SOCK_DGRAM, concat("/proc/self/fd/", directory, "/", name), name, kEverybody);
    ::umask(umask_now);
    return socket;
}

Result<Fd> connect_at(int directory, const std::string& name) {
    return connected(SOCK_SEQPACKET, concat("/proc/self/fd/", directory, "/", name));
}

Result<Fd> connect_stream_now(const std::string& path) {
    return connected(SOCK_STREAM | SOCK_NONBLOCK, path);
}

Result<Fd> connect_stream(const std::string& path) { return connected_to_path(SOCK_STREAM, path); }

Result<Fd> connect_datagram(const std::string& address) {
    if (!address.starts_with('@')) return connected_to_path(SOCK_DGRAM, address);
    auto name = TRY(short_address(address));
    name.sun_path[0] = '\0';
    const auto size = static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + address.size());
    Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return failed("make socket for", address);
    if (retry([&] { return ::connect(socket.get(), generic(name), size); }) < 0)
        return failed("connect to", address);
    return socket;
}

}  // namespace cleat::sys

// Room: conformance. The verbs of scripts about sockets: consoles, and listeners of seccomp.
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "facts.hpp"
#include "script.hpp"

namespace cleat::conformance {
namespace {

constexpr int kBacklog = 8;

Outcome unprepared(std::string_view what) {
    return Broken{concat("the case can be prepared: ", what), std::string(errno_name(errno))};
}

/// listen NAME: a stream socket of that name in the case's directory
Outcome do_listen(Stage& stage, const Statement& statement) {
    stage.socket = sys::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = stage.path(statement.rest);
    if (path.size() >= sizeof address.sun_path) return unprepared(path);
    std::memcpy(address.sun_path, path.data(), path.size());
    if (::bind(stage.socket.get(), reinterpret_cast<const ::sockaddr*>(&address), sizeof address) !=
            0 ||
        ::listen(stage.socket.get(), kBacklog) != 0)
        return unprepared(path);
    return std::nullopt;
}

constexpr std::chrono::milliseconds kMore{500};

bool readable(int fd, std::chrono::milliseconds limit) {
    ::pollfd watch{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&watch, 1, static_cast<int>(limit.count())) > 0;
}

/// One recvmsg(2): what came is added; false at the end.
bool receive(int connection, std::string& data, std::vector<sys::Fd>& fds) {
    constexpr std::size_t kMost = 8;
    std::array<char, 8192> buffer{};
    alignas(::cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMost)> control{};
    ::iovec vector{.iov_base = buffer.data(), .iov_len = buffer.size()};
    ::msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto got = ::recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
    if (got <= 0) return false;
    data.append(buffer.data(), static_cast<std::size_t>(got));
    for (const ::cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, const_cast<::cmsghdr*>(part))) {
        if (part->cmsg_type != SCM_RIGHTS) continue;
        const auto count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
            fds.emplace_back(fd);
        }
    }
    return true;
}

/// accept: what one connection brings, {"data":…, "fds": how many, "terminal":…, "closed":…}
Outcome do_accept(Stage& stage, const Statement& /*statement*/) {
    if (!readable(stage.socket.get(), stage.limit))
        return Broken{"the runtime connects to the socket", "nobody came"};
    const sys::Fd connection(::accept4(stage.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::string data;
    std::vector<sys::Fd> fds;
    bool open = true;
    // What has sent its descriptors has little more to say; whether it closes is looked at briefly.
    while (open && readable(connection.get(), fds.empty() ? stage.limit : kMore))
        open = receive(connection.get(), data, fds);
    stage.seen = object();
    put(stage.seen, "fds", number(static_cast<std::int64_t>(fds.size())));
    put(stage.seen, "closed", boolean(!open));
    put(stage.seen, "data", parse(data).value_or(text(data)));
    if (!fds.empty()) {
        stage.terminal = std::move(fds.front());
        put(stage.seen, "terminal", number(::isatty(stage.terminal.get())));
    }
    return std::nullopt;
}

/// screen: the facts that the probe prints to its terminal
Outcome do_screen(Stage& stage, const Statement& /*statement*/) {
    std::string data;
    std::array<char, 4096> buffer{};
    while (data.find('\n') == std::string::npos && readable(stage.terminal.get(), stage.limit)) {
        const auto got = ::read(stage.terminal.get(), buffer.data(), buffer.size());
        if (got <= 0) break;
        data.append(buffer.data(), static_cast<std::size_t>(got));
    }
    auto document = parse(std::string_view(data).substr(0, data.find('\n')));
    if (!document) return Broken{"the container's program prints to its terminal", data};
    stage.seen = *std::move(document);
    return std::nullopt;
}

constexpr Verb kVerbs[] = {{"listen", do_listen}, {"accept", do_accept}, {"screen", do_screen}};

}  // namespace

std::span<const Verb> socket_verbs() noexcept { return kVerbs; }

}  // namespace cleat::conformance

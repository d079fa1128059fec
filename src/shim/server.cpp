// Room: shim. ttrpc's side of the server.
#include "server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "cleat/base/text.hpp"

namespace cleat::shim {

/// What is read is kept until a frame is whole; buffers that are empty are given back.
class Server::Connection final : Watcher {
 public:
    Connection(Server& server, sys::Fd socket, std::uint64_t id)
        : server_(server), socket_(std::move(socket)), id_(id) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { close(); }

    [[nodiscard]] bool begin() {
        return server_.loop_.add(socket_.get(), Wanted::Input, *this).has_value();
    }

    void send(std::string bytes) {
        if (!socket_) return;
        out_ += bytes;
        flush();
    }

 private:
    void ready() override {
        if (!socket_) return;
        if (!out_.empty()) flush();
        if (socket_ && out_.empty()) read();
    }

    void close() {
        if (!socket_) return;
        server_.loop_.remove(socket_.get());
        socket_.reset();
    }

    /// Not at once: whoever calls may still be at work here.
    void end() {
        if (!socket_) return;
        close();
        server_.loop_.later([&server = server_, id = id_] { server.drop(id); });
    }

    void read() {
        std::array<char, 4096> buffer;
        const auto got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) {
            end();
            return;
        }
        take({buffer.data(), static_cast<std::size_t>(got)});
    }

    void take(std::string_view bytes) {
        const auto passed = std::min<std::size_t>(to_pass_by_, bytes.size());
        to_pass_by_ -= passed;
        in_ += bytes.substr(passed);
        std::size_t done = 0;
        while (socket_ && in_.size() - done >= kHeaderSize) {
            const auto header = read_header(std::string_view(in_).substr(done));
            if (header.length > kMostData) {
                done += pass_by(header, in_.size() - done);
                continue;
            }
            if (in_.size() - done < kHeaderSize + header.length) break;
            done += kHeaderSize;
            // Its own, as what is called may send and so end this connection.
            serve(header, std::string_view(in_).substr(done, header.length));
            done += header.length;
        }
        in_.erase(0, done);
        if (in_.empty()) in_ = std::string();
    }

    /// Of a frame that is too long nothing is kept; gives back how much of it is there already.
    std::size_t pass_by(const Header& header, std::size_t available) {
        const std::size_t whole = kHeaderSize + header.length;
        refuse_stream(header, Code::ResourceExhausted,
                      concat("message length ", header.length, " exceed maximum message size of ",
                             kMostData));
        to_pass_by_ = whole - std::min(whole, available);
        return std::min(whole, available);
    }

    void refuse_stream(const Header& header, Code code, std::string text) {
        server_.answer({.connection = id_, .stream = header.stream}, refuse(code, std::move(text)));
    }

    void serve(const Header& header, std::string_view payload) {
        if (header.type != static_cast<std::uint8_t>(FrameType::Request)) {
            refuse_stream(header, Code::Unimplemented, "streams are not served here");
            return;
        }
        if (header.stream % 2 == 0) {
            refuse_stream(header, Code::InvalidArgument,
                          "StreamID must be odd for client initiated streams");
            return;
        }
        const auto request = read_request(payload);
        if (!request) {
            refuse_stream(header, Code::InvalidArgument, "the request is damaged");
            return;
        }
        server_.handler_(*request, {.connection = id_, .stream = header.stream});
    }

    /// As much as goes now; the rest when there is room.
    void flush() {
        while (socket_ && !out_.empty()) {
            const auto sent =
                ::send(socket_.get(), out_.data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR) continue;
            if (sent < 0 && errno == EAGAIN) break;
            if (sent < 0) {
                end();
                return;
            }
            out_.erase(0, static_cast<std::size_t>(sent));
        }
        if (out_.empty()) out_ = std::string();
        const bool blocked = !out_.empty();
        if (socket_ && blocked != blocked_)
            server_.loop_.change(socket_.get(), blocked ? Wanted::Output : Wanted::Input, *this);
        blocked_ = blocked;
    }

    Server& server_;
    sys::Fd socket_;
    std::uint64_t id_;
    std::string in_;
    std::string out_;
    std::size_t to_pass_by_ = 0;
    bool blocked_ = false;
};

Server::Server(Loop& loop, sys::Fd listener, Handler handler)
    : loop_(loop), listener_(std::move(listener)), handler_(std::move(handler)) {}

Server::~Server() { stop_listening(); }

void Server::stop_listening() {
    if (!listener_) return;
    loop_.remove(listener_.get());
    listener_.reset();
}

namespace {

/// Whoever has the right to be root here may call; the mode of the socket says the same.
bool is_ours(int socket) {
    ::ucred peer{};
    ::socklen_t size = sizeof peer;
    return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           peer.uid == ::geteuid() && peer.gid == ::getegid();
}

}  // namespace

void Server::ready() {
    sys::Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        // Short of descriptors or memory: who waits is not heard of again and again meanwhile.
        loop_.change(listener_.get(), Wanted::Nothing, *this);
        loop_.after(std::chrono::milliseconds{100}, [this] {
            if (listener_) loop_.change(listener_.get(), Wanted::Input, *this);
        });
    }
    if (!socket || !is_ours(socket.get())) return;
    auto connection = std::make_unique<Connection>(*this, std::move(socket), ++last_);
    if (connection->begin()) connections_.emplace(last_, std::move(connection));
}

void Server::drop(std::uint64_t connection) { connections_.erase(connection); }

void Server::answer(Caller caller, const Answer& answer) {
    const auto found = connections_.find(caller.connection);
    if (found == connections_.end()) return;
    auto bytes = write_response(answer);
    if (bytes.size() > kMostData)
        bytes = write_response(refuse(Code::ResourceExhausted, "the answer is too long"));
    found->second->send(frame(caller.stream, FrameType::Response, bytes));
}

}  // namespace cleat::shim

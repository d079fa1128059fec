// Room: shim. The client of containerd's events service.
#include "events.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/sys/message.hpp"

namespace cleat::shim {
namespace {

constexpr std::size_t kMostEvents = 2048;
constexpr int kMostAttempts = 5;
constexpr std::chrono::seconds kAnswerLimit{5};
constexpr std::string_view kExit = "/tasks/exit";

}  // namespace

Events::Events(Loop& loop, std::string address, std::string name_space)
    : loop_(loop), address_(std::move(address)), name_space_(std::move(name_space)) {}

/// A queue that is full loses what matters least: the oldest event that is not an exit.
void Events::publish(Event event) {
    if (address_.empty()) return;
    if (queue_.size() >= kMostEvents) {
        const auto begin = stream_ != 0 ? std::next(queue_.begin()) : queue_.begin();
        const auto victim =
            std::find_if(begin, queue_.end(), [](const auto& each) { return each.topic != kExit; });
        warn("too many events wait for containerd, one is lost");
        queue_.erase(victim == queue_.end() ? begin : victim);
    }
    queue_.push_back(std::move(event));
    if (stream_ == 0 && timer_ == 0) send_next();
}

void Events::when_idle(Loop::Task task) {
    if (queue_.empty())
        loop_.later(std::move(task));
    else
        when_idle_ = std::move(task);
}

void Events::send_next() {
    if (queue_.empty() || stream_ != 0) return;
    if (!send()) try_again();
}

Result<void> Events::connect() {
    if (socket_) return {};
    socket_ = TRY(sys::connect_stream_now(address_));
    last_stream_ = 0;
    in_.clear();
    return loop_.add(socket_.get(), Wanted::Input, *this);
}

Result<void> Events::send() {
    constexpr std::uint32_t kStep = 2;  // a client's streams are odd
    TRY(connect());
    stream_ = last_stream_ == 0 ? 1 : last_stream_ + kStep;
    last_stream_ = stream_;
    const auto bytes =
        frame(stream_, FrameType::Request,
              write_request({.service = "containerd.services.events.ttrpc.v1.Events",
                             .method = "Forward",
                             .payload = forward_request(queue_.front(), name_space_)}));
    const auto sent =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(bytes.size())) return fail_errno("send event", errno);
    timer_ = loop_.after(kAnswerLimit, [this] {
        timer_ = 0;
        try_again();
    });
    return {};
}

void Events::disconnect() {
    if (!socket_) return;
    loop_.remove(socket_.get());
    socket_.reset();
    in_ = std::string();
}

void Events::ready() {
    std::array<char, 1024> buffer;
    const auto got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got > 0) {
        in_.append(buffer.data(), static_cast<std::size_t>(got));
        take_answers();
        return;
    }
    if (stream_ != 0)
        try_again();
    else
        disconnect();
}

void Events::take_answers() {
    while (in_.size() >= kHeaderSize) {
        const auto header = read_header(in_);
        if (header.length > kMostData) {
            try_again();
            return;
        }
        if (in_.size() < kHeaderSize + header.length) return;
        const auto answer = read_response(std::string_view(in_).substr(kHeaderSize, header.length));
        in_.erase(0, kHeaderSize + header.length);
        if (header.stream == stream_ && stream_ != 0) answered(answer);
    }
    if (in_.empty()) in_ = std::string();
}

void Events::answered(const Answer& answer) {
    loop_.cancel(std::exchange(timer_, 0));
    stream_ = 0;
    if (!answer) {
        warn(concat("containerd did not take event ", queue_.front().topic, ": ",
                    answer.error().text));
        if (++attempts_ <= kMostAttempts) {
            timer_ = loop_.after(std::chrono::seconds{attempts_}, [this] {
                timer_ = 0;
                send_next();
            });
            return;
        }
    }
    attempts_ = 0;
    queue_.pop_front();
    send_next();
    if (queue_.empty() && when_idle_) loop_.later(std::exchange(when_idle_, nullptr));
}

/// A containerd that is not there is waited for, however long that takes.
void Events::try_again() {
    loop_.cancel(std::exchange(timer_, 0));
    disconnect();
    stream_ = 0;
    attempts_ = std::min(attempts_ + 1, kMostAttempts);
    timer_ = loop_.after(std::chrono::seconds{attempts_}, [this] {
        timer_ = 0;
        send_next();
    });
}

}  // namespace cleat::shim

// Room: shim. splice(2), and read(2) and write(2) for terminals.
#include "relay.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace cleat::shim {
namespace {

constexpr std::size_t kMostSpliced = std::size_t{1} << 20U;
constexpr int kRounds = 16;  // then others have their turn

bool passing(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

Relay::Relay(Loop& loop, Ends ends, Loop::Task ended)
    : loop_(loop),
      from_(std::move(ends.from)),
      to_(std::move(ends.to)),
      way_(ends.way),
      ended_(std::move(ended)) {
    await(from_.get(), Wanted::Input);
}

Relay::~Relay() {
    close();
    loop_.cancel(ticket_);
}

void Relay::close() {
    if (watched_ >= 0) loop_.remove(std::exchange(watched_, -1));
    from_.reset();
    to_.reset();
    held_ = std::string();
}

/// Only one end is watched at a time: the one that keeps the bytes from going on.
void Relay::await(int fd, Wanted wanted) {
    if (watched_ == fd) return;
    if (watched_ >= 0) loop_.remove(watched_);
    watched_ = loop_.add(fd, wanted, *this) ? fd : -1;
}

bool Relay::has_room() const {
    ::pollfd watch{.fd = to_.get(), .events = POLLOUT, .revents = 0};
    return ::poll(&watch, 1, 0) > 0;
}

/// EAGAIN does not say which end it is that is not ready.
Relay::Step Relay::splice_some() const {
    if (!has_room()) return Step::AwaitOutput;
    const auto moved = ::splice(from_.get(), nullptr, to_.get(), nullptr, kMostSpliced,
                                SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (moved > 0) return Step::Again;
    if (moved < 0 && passing(errno)) return has_room() ? Step::AwaitInput : Step::AwaitOutput;
    return Step::End;
}

Relay::Step Relay::write_held() {
    const auto written = ::write(to_.get(), held_.data(), held_.size());
    if (written < 0 && passing(errno)) return Step::AwaitOutput;
    if (written < 0) return Step::End;
    held_.erase(0, static_cast<std::size_t>(written));
    if (!held_.empty()) return Step::AwaitOutput;
    held_ = std::string();
    return Step::Again;
}

Relay::Step Relay::copy_some() {
    if (!held_.empty()) return write_held();
    if (!has_room()) return Step::AwaitOutput;
    std::array<char, 4096> buffer;
    const auto got = ::read(from_.get(), buffer.data(), buffer.size());
    if (got < 0 && passing(errno)) return Step::AwaitInput;
    if (got <= 0) return Step::End;  // of a terminal that nobody has open any more it is EIO
    held_.assign(buffer.data(), static_cast<std::size_t>(got));
    return write_held();
}

void Relay::ready() {
    auto step = Step::Again;
    for (int i = 0; i < kRounds && step == Step::Again; ++i)
        step = way_ == Way::Splice ? splice_some() : copy_some();
    if (step == Step::AwaitInput) await(from_.get(), Wanted::Input);
    if (step == Step::AwaitOutput) await(to_.get(), Wanted::Output);
    if (step != Step::End) return;
    close();
    if (ended_) ticket_ = loop_.after(std::chrono::milliseconds{0}, std::exchange(ended_, nullptr));
}

}  // namespace cleat::shim

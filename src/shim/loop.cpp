// Room: shim. epoll(7).
#include "loop.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cleat::shim {
namespace {

using std::chrono::steady_clock;

std::uint32_t mask_of(Wanted wanted) {
    switch (wanted) {
        case Wanted::Nothing:
            return 0;
        case Wanted::Input:
            return EPOLLIN;
        case Wanted::Urgent:
            return EPOLLPRI;
        case Wanted::Output:
            return EPOLLOUT;
    }
    return 0;
}

::epoll_event event_of(Wanted wanted, Watcher& watcher) {
    ::epoll_event event{};
    event.events = mask_of(wanted);
    event.data.ptr = &watcher;
    return event;
}

}  // namespace

Result<Loop> Loop::make() {
    sys::Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) return fail_errno("make epoll", errno);
    return Loop(std::move(epoll));
}

Result<void> Loop::add(int fd, Wanted wanted, Watcher& watcher) {
    auto event = event_of(wanted, watcher);
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0)
        return fail_errno("watch descriptor", errno);
    return {};
}

void Loop::change(int fd, Wanted wanted, Watcher& watcher) {
    auto event = event_of(wanted, watcher);
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void Loop::remove(int fd) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

Loop::Ticket Loop::after(std::chrono::milliseconds delay, Task task) {
    appointments_.push_back(
        {.moment = steady_clock::now() + delay, .ticket = ++last_ticket_, .task = std::move(task)});
    return last_ticket_;
}

void Loop::cancel(Ticket ticket) {
    std::erase_if(appointments_, [&](const auto& each) { return each.ticket == ticket; });
}

/// In their order; what a task appoints waits for the next round.
void Loop::keep_appointments() {
    const auto now = steady_clock::now();
    const auto last = last_ticket_;
    for (;;) {
        const auto due = std::ranges::find_if(appointments_, [&](const auto& each) {
            return each.moment <= now && each.ticket <= last;
        });
        if (due == appointments_.end()) break;
        const auto task = std::move(due->task);
        appointments_.erase(due);
        task();
    }
    if (appointments_.empty()) appointments_.shrink_to_fit();
}

int Loop::patience() const {
    if (appointments_.empty()) return -1;
    const auto next = std::ranges::min(appointments_, {}, &Appointment::moment).moment;
    using std::chrono::milliseconds;
    const auto left = std::chrono::ceil<milliseconds>(next - steady_clock::now()).count();
    return static_cast<int>(std::max<decltype(left)>(left, 0));
}

/// One event at a time, so that none is left over for a watcher that another one has ended.
Result<void> Loop::run() {
    while (!stopped_) {
        ::epoll_event event{};
        const int got = ::epoll_wait(epoll_.get(), &event, 1, patience());
        if (got < 0 && errno != EINTR) return fail_errno("wait for events", errno);
        if (got > 0) static_cast<Watcher*>(event.data.ptr)->ready();
        keep_appointments();
    }
    return {};
}

}  // namespace cleat::shim

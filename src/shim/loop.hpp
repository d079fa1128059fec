// Room: shim. The one thread's loop: descriptors, moments and signals, one event at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::shim {

/// Who is told that a descriptor is ready. It takes its descriptor out of the loop before it goes.
class Watcher {
 public:
    virtual void ready() = 0;

 protected:
    Watcher() = default;
    Watcher(const Watcher&) = default;
    Watcher& operator=(const Watcher&) = default;
    ~Watcher() = default;
};

enum class Wanted : std::uint32_t { Nothing = 0, Input = 1, Urgent = 2, Output = 4 };

class Loop {
 public:
    using Task = std::function<void()>;
    using Ticket = std::uint64_t;

    [[nodiscard]] static Result<Loop> make();

    /// Errors: System (EPERM for what is always ready, such as a regular file).
    [[nodiscard]] Result<void> add(int fd, Wanted wanted, Watcher& watcher);
    void change(int fd, Wanted wanted, Watcher& watcher);
    void remove(int fd);

    /// Runs the task once, after that time. The ticket takes it back.
    Ticket after(std::chrono::milliseconds delay, Task task);
    void cancel(Ticket ticket);
    /// Runs the task when what is running now has returned: for ends of what is in use.
    void later(Task task) { after(std::chrono::milliseconds{0}, std::move(task)); }

    [[nodiscard]] Result<void> run();
    void stop() noexcept { stopped_ = true; }

 private:
    struct Appointment {
        std::chrono::steady_clock::time_point moment;
        Ticket ticket;
        Task task;
    };

    explicit Loop(sys::Fd epoll) : epoll_(std::move(epoll)) {}
    void keep_appointments();
    [[nodiscard]] int patience() const;

    sys::Fd epoll_;
    std::vector<Appointment> appointments_;
    Ticket last_ticket_ = 0;
    bool stopped_ = false;
};

}  // namespace cleat::shim

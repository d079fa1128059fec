// Room: shim. Events, told to containerd in their order, one after the other, until it has taken
// them: also over its restart.
#pragma once

#include <list>
#include <string>

#include "cleat/sys/fd.hpp"
#include "frame.hpp"
#include "loop.hpp"
#include "messages.hpp"

namespace cleat::shim {

class Events final : Watcher {
 public:
    /// `address` is the path of containerd's ttrpc socket; without one nothing is told.
    Events(Loop& loop, std::string address, std::string name_space);
    Events(const Events&) = delete;
    Events& operator=(const Events&) = delete;
    ~Events() { disconnect(); }

    void publish(Event event);
    /// Does `task` once nothing waits to be told, which may be at once.
    void when_idle(Loop::Task task);

 private:
    void ready() override;
    void send_next();
    [[nodiscard]] Result<void> send();
    [[nodiscard]] Result<void> connect();
    void disconnect();
    void take_answers();
    void answered(const Answer& answer);
    void try_again();

    Loop& loop_;
    std::string address_;
    std::string name_space_;
    std::list<Event> queue_;
    sys::Fd socket_;
    std::string in_;
    std::uint32_t stream_ = 0;  ///< of the event in flight; 0: none is
    std::uint32_t last_stream_ = 0;
    Loop::Ticket timer_ = 0;
    int attempts_ = 0;
    Loop::Task when_idle_;
};

}  // namespace cleat::shim

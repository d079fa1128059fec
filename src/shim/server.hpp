// Room: shim. The socket at which containerd calls: connections, their frames, and answers that
// come when they are ready, in any order.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "cleat/sys/fd.hpp"
#include "frame.hpp"
#include "loop.hpp"

namespace cleat::shim {

class Server;

/// Where an answer goes. One that nobody waits for any more goes nowhere.
struct Caller {
    std::uint64_t connection = 0;
    std::uint32_t stream = 0;
};

class Server final : Watcher {
 public:
    using Handler = std::function<void(const Request& request, Caller caller)>;

    Server(Loop& loop, sys::Fd listener, Handler handler);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    [[nodiscard]] Result<void> begin() { return loop_.add(listener_.get(), Wanted::Input, *this); }
    void answer(Caller caller, const Answer& answer);
    /// No more connections; those that are there stay.
    void stop_listening();

 private:
    class Connection;
    void ready() override;
    void drop(std::uint64_t connection);

    Loop& loop_;
    sys::Fd listener_;
    Handler handler_;
    std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
    std::uint64_t last_ = 0;
};

}  // namespace cleat::shim

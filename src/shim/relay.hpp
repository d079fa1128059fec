// Room: shim. Bytes from one descriptor to another, as fast as the slower of both takes them.
// Between pipes they stay in the kernel; of a terminal at most one buffer's worth is held.
#pragma once

#include <functional>
#include <string>

#include "cleat/sys/fd.hpp"
#include "loop.hpp"

namespace cleat::shim {

class Relay final : Watcher {
 public:
    /// How the bytes go: by splice(2), which a terminal does not have everywhere, or by copying.
    enum class Way { Splice, Copy };
    struct Ends {
        sys::Fd from;
        sys::Fd to;
        Way way = Way::Splice;
    };
    /// `ended` is called once, when nothing more can come or go.
    Relay(Loop& loop, Ends ends, Loop::Task ended);
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    ~Relay();

    [[nodiscard]] bool open() const noexcept { return static_cast<bool>(from_); }
    /// Drops both ends, and what is still between them.
    void close();

 private:
    enum class Step { Again, AwaitInput, AwaitOutput, End };
    void ready() override;
    void await(int fd, Wanted wanted);
    [[nodiscard]] Step splice_some() const;
    [[nodiscard]] Step copy_some();
    [[nodiscard]] Step write_held();
    [[nodiscard]] bool has_room() const;

    Loop& loop_;
    sys::Fd from_;
    sys::Fd to_;
    Way way_;
    Loop::Task ended_;
    Loop::Ticket ticket_ = 0;  ///< of the call of `ended`
    int watched_ = -1;
    std::string held_;  ///< was read and could not be written yet
};

}  // namespace cleat::shim

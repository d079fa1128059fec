// Room: sys (layer 1). File descriptors that close themselves.
#pragma once

#include <utility>
#include <vector>

namespace cleat::sys {

/// Owns one file descriptor (or none, -1). Move-only; assignment closes the old one.
class Fd {
 public:
    Fd() noexcept = default;
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~Fd() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
    /// Gives the descriptor away; the caller closes it.
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    /// Closes now. Errors of close(2) are not told: nothing sensible can follow them.
    void reset() noexcept;

 private:
    int fd_ = -1;
};

/// Closes all of them, neighbours by one close_range(2), and leaves none.
void close_all(std::vector<Fd>& fds) noexcept;

}  // namespace cleat::sys

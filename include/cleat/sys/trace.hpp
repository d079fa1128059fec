// Room: sys (layer 1). Where the time of one command goes: a line of JSON for each thing done.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cleat/base/error.hpp"

namespace cleat::sys {

/// A file that takes the lines, as a plain value that children have by copy: nobody closes it
/// before the process ends or executes. Off unless opened.
class Trace {
 public:
    Trace() = default;
    /// Appends to `path`, made with mode 0600; the clock begins now.
    [[nodiscard]] static Result<Trace> open(const std::string& path);

    [[nodiscard]] bool on() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
    friend class Span;
    int fd_ = -1;
    std::int64_t zero_ = 0;  ///< nanoseconds of CLOCK_MONOTONIC
};

/// From its making to its end: {"process":"init","what":"…","origin":"/mounts/0","at_us":…,
/// "took_us":…} in one write(2), microseconds since the trace was opened. What cannot be written is
/// lost: a full disk must not fail a container. Costs nothing when the trace is off.
class Span {
 public:
    Span(const Trace& trace, std::string_view process, std::string_view what,
         std::string_view origin = {}) noexcept;
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;
    ~Span();

 private:
    const Trace& trace_;
    std::string_view process_;
    std::string_view what_;
    std::string_view origin_;
    std::int64_t began_ = 0;
};

/// What `work` gives, in a span of the process that carries the command out.
template <class Work>
auto timed(const Trace& trace, std::string_view what, Work work) {
    const Span span(trace, "host", what);
    return work();
}

}  // namespace cleat::sys

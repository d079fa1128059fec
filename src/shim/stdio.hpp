// Room: shim. The streams of one process: fifos, a terminal, files, and programs that log.
#pragma once

#include <sys/types.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/sys/fd.hpp"
#include "messages.hpp"
#include "relay.hpp"

namespace cleat::shim {

/// Who owns the pipes of a container in a user namespace.
struct Owner {
    uid_t uid = 0;
    gid_t gid = 0;
};

struct Pipe {
    sys::Fd read;
    sys::Fd write;
};
[[nodiscard]] Result<Pipe> make_pipe(const Owner& owner = {});

/// What a process gets that is no fifo's; opened in the errand that makes it.
struct OwnStreams {
    sys::Fd in;
    sys::Fd out;
    sys::Fd err;
    pid_t logger = 0;  ///< a program at the other end
};
struct Place {
    const std::string& container;
    const std::string& name_space;
};
/// Opens files, and starts a logging program and waits until it is ready.
[[nodiscard]] Result<OwnStreams> open_own_streams(const Streams& streams, const Place& place);
[[nodiscard]] bool is_fifo(std::string_view uri) noexcept;

class Stdio {
 public:
    explicit Stdio(Loop& loop) : loop_(loop) {}
    Stdio(const Stdio&) = delete;
    Stdio& operator=(const Stdio&) = delete;
    ~Stdio() = default;

    /// Opens the fifos; for a terminal they wait for it.
    [[nodiscard]] Result<void> open(const Streams& streams, const Owner& owner);
    /// The ends for the process, -1 where it gets another one; closed here once it has them.
    [[nodiscard]] std::array<int, 3> ends() const noexcept;
    /// The process has its ends, and this is its terminal, if it has one.
    void begin(sys::Fd console);

    [[nodiscard]] Result<void> resize(std::uint32_t width, std::uint32_t height) const;
    /// End of file for the process once all writers of the fifo have gone.
    void close_input() noexcept { keeper_.reset(); }
    /// Nobody reads any more.
    void drop_input();
    [[nodiscard]] bool drained() const noexcept { return !out_relay_open() && !err_relay_open(); }
    /// Called once when drained.
    void on_drained(Loop::Task task) { drained_ = std::move(task); }

 private:
    [[nodiscard]] bool out_relay_open() const noexcept { return out_ && out_->open(); }
    [[nodiscard]] bool err_relay_open() const noexcept { return err_ && err_->open(); }
    [[nodiscard]] Result<void> open_input(const std::string& path, const Owner& owner);
    [[nodiscard]] Result<void> open_output(int stream, const std::string& path, const Owner& owner);
    [[nodiscard]] std::unique_ptr<Relay> output(Relay::Ends ends);

    Loop& loop_;
    bool terminal_ = false;
    std::array<sys::Fd, 3> fifos_;
    std::array<sys::Fd, 3> pipes_;  ///< our ends
    std::array<sys::Fd, 3> ends_;
    sys::Fd keeper_;  ///< a writer of the fifo, so that it does not end with its first one
    sys::Fd console_;
    std::unique_ptr<Relay> in_;
    std::unique_ptr<Relay> out_;
    std::unique_ptr<Relay> err_;
    Loop::Task drained_;
};

}  // namespace cleat::shim

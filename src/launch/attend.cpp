// Room: launch. A process in the foreground: `run` and `exec` without --detach. Passes on signals
// and the terminal, reaps strangers, and hears how the process ended.
#include "attend.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string_view>

#include "cleat/launch/launch.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/heap.hpp"

namespace cleat::launch {
namespace {

/// The caller's terminal in raw mode, for as long as this lives.
class RawTerminal {
 public:
    RawTerminal() {
        if (::tcgetattr(STDIN_FILENO, &saved_) < 0) return;
        ::termios raw = saved_;
        ::cfmakeraw(&raw);
        // The lines end in LF (Request::clear_onlcr), and the reader of the output may write them
        // to this terminal (`cleat run x | tee log`).
        if (::isatty(STDOUT_FILENO) == 0) raw.c_oflag = saved_.c_oflag;
        active_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
    }
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    ~RawTerminal() {
        if (active_) ::tcsetattr(STDIN_FILENO, TCSANOW, &saved_);
    }

 private:
    ::termios saved_{};
    bool active_ = false;
};

void copy_window_size(int master) {
    ::winsize size{};
    if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) ::ioctl(master, TIOCSWINSZ, &size);
}

enum class Flow { Open, Ended };

bool is_passing(int error) { return error == EINTR || error == EAGAIN; }

/// Who shares the caller's output may have made it non-blocking.
Flow write_out(std::string_view text) {
    ::pollfd room{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    while (!text.empty()) {
        const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written >= 0)
            text.remove_prefix(static_cast<std::size_t>(written));
        else if (is_passing(errno))
            ::poll(&room, 1, -1);
        else
            return Flow::Ended;
    }
    return Flow::Open;
}

/// One read's worth of bytes of the container's terminal.
Flow show(int master) {
    std::array<char, 16384> buffer;
    const auto got = ::read(master, buffer.data(), buffer.size());
    if (got < 0 && is_passing(errno)) return Flow::Open;
    if (got <= 0) return Flow::Ended;
    return write_out({buffer.data(), static_cast<std::size_t>(got)});
}

Result<sys::Fd> take_signals() {
    const ::sigset_t all = TRY(hold_signals());
    sys::Fd fd(::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) return fail_errno("make signalfd", errno);
    return fd;
}

/// Its end-of-file character, as script(1) does it: a terminal knows no other way to say that
/// nobody will type any more.
char end_of_input(int master) {
    constexpr char kUsual = 4;
    ::termios settings{};
    return ::tcgetattr(master, &settings) == 0 ? static_cast<char>(settings.c_cc[VEOF]) : kUsual;
}

class Attendance {
 public:
    Attendance(Launched& launched, const Bystander& bystander, sys::Fd signals)
        : launched_(launched),
          bystander_(bystander),
          bystander_fd_(bystander.fd),
          signals_(std::move(signals)) {}

    Result<int> run() {
        for (;;) {
            if (const auto status = TRY(reap())) {
                drain();
                return *status;
            }
            TRY(wait_and_serve());
        }
    }

 private:
    /// Every child that has ended; the status once it was the one that is attended. Without any
    /// child somebody else has taken it, and nobody would ever wake us.
    [[nodiscard]] Result<std::optional<int>> reap() const {
        constexpr int kSignalBase = 128;
        for (;;) {
            int status = 0;
            const pid_t pid = ::waitpid(-1, &status, WNOHANG);
            if (pid < 0) return fail_errno("wait for the container's process", errno);
            if (pid == 0) return std::nullopt;
            if (pid != launched_.process.pid) continue;
            return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status);
        }
    }

    Result<void> wait_and_serve() {
        const int master = launched_.console_master.get();
        const bool typed = !typed_.empty();
        const auto shown = static_cast<short>(output_ == Flow::Open ? POLLIN : 0);
        const auto wanted = static_cast<short>(shown | (typed ? POLLOUT : 0));
        std::array<::pollfd, 4> watch{
            ::pollfd{.fd = signals_.get(), .events = POLLIN, .revents = 0},
            ::pollfd{.fd = wanted != 0 ? master : -1, .events = wanted, .revents = 0},
            ::pollfd{.fd = input_ == Flow::Open && !typed && master >= 0 ? STDIN_FILENO : -1,
                     .events = POLLIN,
                     .revents = 0},
            ::pollfd{.fd = bystander_fd_, .events = POLLIN, .revents = 0}};
        if (::poll(watch.data(), watch.size(), -1) < 0 && errno != EINTR)
            return fail_errno("poll", errno);
        if (watch[0].revents != 0) pass_on_signals();
        if (shown != 0 && (watch[1].revents & ~POLLOUT) != 0) output_ = show(master);
        if (typed && (watch[1].revents & ~POLLIN) != 0) type(master);
        if (watch[2].revents != 0) take_input(master);
        if (watch[3].revents != 0) bystander_fd_ = bystander_.serve();
        return {};
    }

    void take_input(int master) {
        const auto got = ::read(STDIN_FILENO, buffer_.data(), buffer_.size());
        if (got < 0 && is_passing(errno)) return;
        if (got <= 0) {
            input_ = Flow::Ended;
            buffer_[0] = end_of_input(master);
        }
        typed_ = {buffer_.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 1))};
        type(master);
    }

    /// The terminal takes no more while its process waits for us to show what that has written, so
    /// it is not waited for.
    void type(int master) {
        const auto sent = ::write(master, typed_.data(), typed_.size());
        if (sent >= 0) return typed_.remove_prefix(static_cast<std::size_t>(sent));
        if (is_passing(errno)) return;
        input_ = Flow::Ended;
        typed_ = {};
    }

    void pass_on_signals() const {
        ::signalfd_siginfo info{};
        while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
            const int number = static_cast<int>(info.ssi_signo);
            if (number == SIGCHLD) continue;
            if (number == SIGWINCH && launched_.console_master) {
                copy_window_size(launched_.console_master.get());
                continue;
            }
            // The process may be gone already; the next round reaps it.
            static_cast<void>(sys::send_signal(launched_.pidfd.get(), Signal{number}));
        }
    }

    /// What the terminal still holds after its last process has ended.
    void drain() {
        const int master = launched_.console_master.get();
        ::pollfd watch{.fd = master, .events = POLLIN, .revents = 0};
        while (master >= 0 && output_ == Flow::Open && ::poll(&watch, 1, 0) > 0)
            output_ = show(master);
    }

    Launched& launched_;
    const Bystander& bystander_;
    int bystander_fd_;
    sys::Fd signals_;
    Flow input_ = Flow::Open;
    Flow output_ = Flow::Open;
    std::array<char, 16384> buffer_{};
    std::string_view typed_;  ///< of the buffer, what the terminal has not taken yet
};

}  // namespace

Result<::sigset_t> hold_signals() {
    ::sigset_t all;
    ::sigfillset(&all);
    // Signals of a fault of our own, and what stops and continues us, stay ours.
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTSTP, SIGTTIN, SIGTTOU})
        ::sigdelset(&all, own);
    if (::sigprocmask(SIG_BLOCK, &all, nullptr) < 0) return fail_errno("block signals", errno);
    return all;
}

void clear_onlcr(int terminal) noexcept {
    ::termios settings{};
    if (::isatty(STDOUT_FILENO) == 1 || ::tcgetattr(terminal, &settings) < 0) return;
    settings.c_oflag &= ~static_cast<::tcflag_t>(ONLCR);
    static_cast<void>(::tcsetattr(terminal, TCSANOW, &settings));
}

Result<int> attend(Launched& launched, const Bystander& bystander) {
    const sys::ThawedHeap thawed;  // a container may run for years
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) return fail_errno("become subreaper", errno);
    auto signals = TRY(take_signals());
    std::optional<RawTerminal> terminal;
    if (launched.console_master) {
        const int master = launched.console_master.get();
        copy_window_size(master);
        if (::fcntl(master, F_SETFL, O_NONBLOCK) < 0) return fail_errno("fcntl", errno);
        terminal.emplace();
    }
    return Attendance(launched, bystander, std::move(signals)).run();
}

}  // namespace cleat::launch

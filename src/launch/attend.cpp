// Room: launch. A process in the foreground: `run` and `exec` without --detach. Passes on signals
// and the terminal, reaps strangers, and hears how the process ended.
#include "attend.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

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

/// One read's worth of bytes from one side to the other.
Flow relay(int from, int to) {
    std::array<char, 16384> buffer;
    const auto got = ::read(from, buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return Flow::Open;
    if (got <= 0) return Flow::Ended;
    const auto sent = sys::write_all(to, {buffer.data(), static_cast<std::size_t>(got)});
    return sent ? Flow::Open : Flow::Ended;
}

Result<sys::Fd> take_signals() {
    const ::sigset_t all = TRY(hold_signals());
    sys::Fd fd(::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) return fail_errno("make signalfd", errno);
    return fd;
}

/// Its end-of-file character, as script(1) does it: a terminal knows no other way to say that
/// nobody will type any more.
void tell_end_of_input(int master) {
    constexpr char kUsual = 4;
    ::termios settings{};
    const char end =
        ::tcgetattr(master, &settings) == 0 ? static_cast<char>(settings.c_cc[VEOF]) : kUsual;
    static_cast<void>(sys::write_all(master, {&end, 1}));
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
        std::array<::pollfd, 4> watch{
            ::pollfd{.fd = signals_.get(), .events = POLLIN, .revents = 0},
            ::pollfd{.fd = output_ == Flow::Open ? master : -1, .events = POLLIN, .revents = 0},
            ::pollfd{.fd = input_ == Flow::Open && master >= 0 ? STDIN_FILENO : -1,
                     .events = POLLIN,
                     .revents = 0},
            ::pollfd{.fd = bystander_fd_, .events = POLLIN, .revents = 0}};
        if (::poll(watch.data(), watch.size(), -1) < 0 && errno != EINTR)
            return fail_errno("poll", errno);
        if (watch[0].revents != 0) pass_on_signals();
        if (watch[1].revents != 0) output_ = relay(master, STDOUT_FILENO);
        if (watch[2].revents != 0) input_ = relay(STDIN_FILENO, master);
        if (watch[2].revents != 0 && input_ == Flow::Ended) tell_end_of_input(master);
        if (watch[3].revents != 0) bystander_fd_ = bystander_.serve();
        return {};
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
            output_ = relay(master, STDOUT_FILENO);
    }

    Launched& launched_;
    const Bystander& bystander_;
    int bystander_fd_;
    sys::Fd signals_;
    Flow input_ = Flow::Open;
    Flow output_ = Flow::Open;
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

Result<int> attend(Launched& launched, const Bystander& bystander) {
    const sys::ThawedHeap thawed;  // a container may run for years
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) return fail_errno("become subreaper", errno);
    auto signals = TRY(take_signals());
    std::optional<RawTerminal> terminal;
    if (launched.console_master) {
        copy_window_size(launched.console_master.get());
        terminal.emplace();
    }
    return Attendance(launched, bystander, std::move(signals)).run();
}

}  // namespace cleat::launch

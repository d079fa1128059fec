// Room: shim. The daemon: what its parts know of each other, signals, and its end.
#include "daemon.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "cleat/sys/files.hpp"
#include "errands.hpp"
#include "events.hpp"
#include "loop.hpp"
#include "server.hpp"
#include "tasks.hpp"

// Of the linker (end(3)): where the program begins, and its first data that is not as in the file.
// NOLINTNEXTLINE(bugprone-reserved-identifier): the linker's name
extern "C" const char __executable_start;
// NOLINTNEXTLINE(bugprone-reserved-identifier): the linker's name
extern "C" const char __init_array_start;

namespace cleat::shim {
namespace {

/// SIGCHLD is what is waited for. SIGTERM and SIGINT end nothing, as containers would lose their
/// parent; only who owns the socket ends a shim. SIGPIPE is an error of the write.
Result<sys::Fd> take_signals() {
    ::sigset_t taken;
    ::sigemptyset(&taken);
    for (const int each : {SIGCHLD, SIGTERM, SIGINT, SIGPIPE}) ::sigaddset(&taken, each);
    if (::sigprocmask(SIG_BLOCK, &taken, nullptr) < 0) return fail_errno("block signals", errno);
    sys::Fd fd(::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) return fail_errno("make signalfd", errno);
    return fd;
}

/// What is mapped of the program is counted as this process's, though most of it led here or was
/// for a child only. What is needed again comes from the page cache, sixteen pages at a time.
void forget_text() {
    const char* const begin = &__executable_start;
    const auto size = static_cast<std::size_t>(&__init_array_start - begin);
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    ::madvise(const_cast<char*>(begin), size / page * page, MADV_DONTNEED);  // never written to
}

class Signals final : Watcher {
 public:
    Signals(sys::Fd fd, Errands& errands) : fd_(std::move(fd)), errands_(errands) {}
    [[nodiscard]] Result<void> begin(Loop& loop) {
        return loop.add(fd_.get(), Wanted::Input, *this);
    }

 private:
    void ready() override {
        ::signalfd_siginfo info{};
        while (::read(fd_.get(), &info, sizeof info) == sizeof info) continue;
        errands_.reap();
        if (errands_.idle()) forget_text();
    }

    sys::Fd fd_;
    Errands& errands_;
};

class Daemon {
 public:
    Daemon(Service service, Loop loop)
        : service_(std::move(service)),
          loop_(std::move(loop)),
          events_(loop_, service_.ttrpc_address, service_.name_space),
          errands_(loop_, service_.log.get(),
                   [this](pid_t pid, int status) { tasks_.ended(pid, status); }),
          server_(loop_, std::move(service_.listener),
                  [this](const Request& request, Caller caller) { tasks_.call(request, caller); }),
          tasks_({.loop = loop_,
                  .errands = errands_,
                  .events = events_,
                  .name_space = service_.name_space,
                  .answer = [this](Caller caller,
                                   const Answer& answer) { server_.answer(caller, answer); },
                  .shut_down = [this] { end(); }}) {}

    Result<void> run() {
        Signals signals(TRY(take_signals()), errands_);
        TRY(signals.begin(loop_));
        TRY(server_.begin());
        // What it took to get here is given back.
        static_cast<void>(::malloc_trim(0));
        forget_text();
        return loop_.run();
    }

 private:
    /// The name goes first, so that a new shim for the same pod can take it. Events are told as
    /// long as containerd may be expected to hear them.
    void end() {
        constexpr std::chrono::seconds kLimit{5};
        if (ending_) return;
        ending_ = true;
        static_cast<void>(sys::remove_file_at(sys::kHere, service_.socket.c_str()));
        server_.stop_listening();
        loop_.after(kLimit, [this] { loop_.stop(); });
        events_.when_idle([this] { loop_.stop(); });
    }

    Service service_;
    Loop loop_;
    Events events_;
    Errands errands_;
    Server server_;
    Tasks tasks_;
    bool ending_ = false;
};

/// What is not used is given back at once, and large texts have pages of their own.
void keep_heap_small() {
    constexpr int kLarge = 1 << 16;
    constexpr int kStep = 1 << 14;
    ::mallopt(M_MMAP_THRESHOLD, kLarge);
    ::mallopt(M_TRIM_THRESHOLD, kStep);
    ::mallopt(M_TOP_PAD, kStep);
}

}  // namespace

Result<void> serve(Service service) {
    keep_heap_small();
    ::prctl(PR_SET_NAME, "containerd-shim");
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) return fail_errno("become subreaper", errno);
    auto loop = TRY(Loop::make());
    return Daemon(std::move(service), std::move(loop)).run();
}

}  // namespace cleat::shim

// Room: launch. Children that execute nothing, or a program of the host's: what a daemon needs done
// while it goes on. Runs in the parent up to the clone, then in the child.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "cleat/launch/launch.hpp"
#include "cleat/sys/files.hpp"
#include "clone.hpp"
#include "words.hpp"

namespace cleat::launch {
namespace {

constexpr int kCannotExecute = 127;

/// The descriptors become 0, 1, 2, …, the first three for who is executed, too; all others go. They
/// are put out of the way first, as a source may lie where a target is.
bool arrange(std::vector<int>& fds) noexcept {
    const int count = static_cast<int>(fds.size());
    for (int& fd : fds) fd = ::fcntl(fd, F_DUPFD_CLOEXEC, count);
    for (int i = 0; i < count; ++i) {
        const int fd = fds[static_cast<std::size_t>(i)];
        if (fd < 0 || ::dup3(fd, i, i > STDERR_FILENO ? O_CLOEXEC : 0) < 0) return false;
    }
    return ::close_range(static_cast<unsigned>(count), ~0U, 0) == 0;
}

/// What the parent blocks or ignores is not meant for the child.
void forget_signals() noexcept {
    struct ::sigaction action{};
    action.sa_handler = SIG_DFL;
    ::sigaction(SIGPIPE, &action, nullptr);
    ::sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

Result<pid_t> send_on(const Errand& errand) {
    std::vector<int> fds(errand.standard.begin(), errand.standard.end());
    fds.insert(fds.end(), errand.kept.begin(), errand.kept.end());
    const auto child = TRY(clone_process({}));
    if (child.pid != 0) return child.pid;
    forget_signals();
    ::_exit(arrange(fds) ? errand.work() : kCannotExecute);
}

Result<pid_t> spawn(const std::vector<std::string>& command, const std::vector<std::string>& env,
                    std::vector<int> fds) {
    const auto null = TRY(sys::open_at(sys::kHere, "/dev/null", O_RDWR));
    const auto arguments = pointers(command);
    const auto variables = pointers(env);
    fds.insert(fds.begin(), 3, null.get());
    const auto child = TRY(clone_process({}));
    if (child.pid != 0) return child.pid;
    forget_signals();
    if (!arrange(fds)) ::_exit(kCannotExecute);
    for (int fd = STDERR_FILENO + 1; fd < static_cast<int>(fds.size()); ++fd)
        ::fcntl(fd, F_SETFD, 0);
    ::execve(arguments[0], arguments.data(), variables.data());
    ::_exit(kCannotExecute);
}

}  // namespace cleat::launch

// Room: launch. Children that execute nothing, or a program of the host's: what a daemon needs done
// while it goes on. Runs in the parent up to the clone, then in the child.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <utility>

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

#ifdef __SANITIZE_ADDRESS__
constexpr int kSharing = 0;  // a sanitizer knows one stack for each process
#else
constexpr int kSharing = CLONE_VM;
#endif

/// As large as the first one usually is, and with a page below it that nobody may touch. A huge
/// page would be all there is of it at the first touch.
Result<std::byte*> make_stack() {
    constexpr std::size_t kPage = 4096;
    constexpr std::size_t kSize = std::size_t{8} << 20U;
    void* stack = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED || ::mprotect(stack, kPage, PROT_NONE) < 0)
        return fail_errno("make stack", errno);
    ::madvise(stack, kSize, MADV_NOHUGEPAGE);
    return static_cast<std::byte*>(stack) + kSize;
}

/// What it was left, but for standard error, is arranged.
struct Legacy {
    const Errand& errand;
    int standard_error;
};

/// Its parent runs no more instruction of this program than _exit(2).
int inherit(void* given) {
    const auto& legacy = *static_cast<const Legacy*>(given);
    const bool arranged =
        ::dup3(legacy.standard_error, STDERR_FILENO, 0) >= 0 && ::close(legacy.standard_error) == 0;
    ::_exit(arranged ? legacy.errand.work() : kCannotExecute);
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

std::unexpected<Error> hand_over(const Errand& errand) {
    auto stack = make_stack();
    if (!stack) return std::unexpected(std::move(stack).error());
    std::vector<int> fds = {errand.standard[0], errand.standard[1], STDERR_FILENO};
    fds.insert(fds.end(), errand.kept.begin(), errand.kept.end());
    fds.push_back(errand.standard[2]);
    Legacy legacy{.errand = errand, .standard_error = static_cast<int>(fds.size()) - 1};
    if (!arrange(fds)) return fail_errno("arrange descriptors", errno);
    forget_signals();
    if (::clone(inherit, *stack, kSharing | SIGCHLD, &legacy) < 0)
        return fail_errno("make process", errno);
    ::_exit(0);
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

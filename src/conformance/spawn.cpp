// Room: conformance. The only file of it that makes processes.
#include "spawn.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/process.hpp"

namespace cleat::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kExtra = 3;
constexpr int kSignalBase = 128;
constexpr milliseconds kLook{5};
constexpr milliseconds kSweep{3000};

/// Owns what posix_spawn(3) is given.
class Plan {
 public:
    Plan() {
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawnattr_init(&attributes);
        ::sigset_t all;
        ::sigset_t none;
        ::sigfillset(&all);
        ::sigemptyset(&none);
        ::posix_spawnattr_setsigdefault(&attributes, &all);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    }
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;
    ~Plan() {
        ::posix_spawn_file_actions_destroy(&files);
        ::posix_spawnattr_destroy(&attributes);
    }
    void give(int fd, int number) {
        if (fd >= 0)
            ::posix_spawn_file_actions_adddup2(&files, fd, number);
        else if (number < kExtra)
            ::posix_spawn_file_actions_addopen(&files, number, "/dev/null", O_RDWR, 0);
    }

    ::posix_spawn_file_actions_t files{};
    ::posix_spawnattr_t attributes{};
};

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> out;
    for (auto& word : words) out.push_back(word.data());
    out.push_back(nullptr);
    return out;
}

}  // namespace

Result<pid_t> spawn(const Program& program) {
    Plan plan;
    plan.give(program.in, STDIN_FILENO);
    plan.give(program.out, STDOUT_FILENO);
    plan.give(program.err, STDERR_FILENO);
    plan.give(program.extra, kExtra);
    auto words = program.words;
    auto env = program.env.value_or(std::vector<std::string>{});
    const auto arguments = pointers(words);
    const auto variables = pointers(env);
    pid_t pid = 0;
    const int error = ::posix_spawnp(&pid, words.at(0).c_str(), &plan.files, &plan.attributes,
                                     arguments.data(), program.env ? variables.data() : environ);
    if (error != 0) return fail_errno(concat("execute ", program.words[0]), error);
    return pid;
}

void Children::reap() {
    int status = 0;
    for (;;) {
        const pid_t pid = ::waitpid(-1, &status, WNOHANG);
        if (pid <= 0) return;
        ended_[pid] = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status);
    }
}

Result<pid_t> Children::start(const Program& program) {
    const pid_t pid = TRY(spawn(program));
    ended_.erase(pid);
    return pid;
}

std::optional<int> Children::status_of(pid_t pid) {
    reap();
    const auto found = ended_.find(pid);
    return found == ended_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<int> Children::wait(pid_t pid, milliseconds limit) {
    const auto end = steady_clock::now() + limit;
    const auto pidfd = sys::open_pidfd(pid);
    for (;;) {
        if (const auto status = status_of(pid)) return status;
        if (steady_clock::now() >= end) return std::nullopt;
        // Short looks: an orphan that ends meanwhile may be what the child waits for.
        if (!pidfd || !sys::wait_gone(pidfd->get(), kLook)) std::this_thread::sleep_for(kLook);
    }
}

void Children::kill(pid_t pid) {
    const auto pidfd = sys::open_pidfd(pid);
    if (pidfd && sys::send_signal(pidfd->get(), {SIGKILL})) static_cast<void>(wait(pid, kSweep));
}

std::vector<pid_t> Children::running() {
    std::vector<pid_t> out;
    const pid_t self = ::getpid();
    const auto names = sys::list_directory_at(sys::kHere, "/proc");
    if (!names) return out;
    for (const auto& name : *names) {
        const auto pid = parse_number<pid_t>(name);
        const auto stat = sys::process_stat(pid.value_or(0));
        if (stat && stat->parent == self && stat->state != 'Z' && stat->state != 'X')
            out.push_back(*pid);
    }
    return out;
}

void Children::sweep(const std::vector<pid_t>& spared) {
    const auto end = steady_clock::now() + kSweep;
    for (;;) {
        bool any = false;
        for (const pid_t pid : running()) {
            if (std::ranges::find(spared, pid) != spared.end()) continue;
            any = true;
            kill(pid);
        }
        reap();
        if (!any || steady_clock::now() >= end) return;
    }
}

}  // namespace cleat::conformance

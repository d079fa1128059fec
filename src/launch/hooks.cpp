// Room: launch. Hooks (config.md#posix-platform-hooks): run by the host in the runtime's namespaces
// or by init in the container's, one after the other, the state on stdin. A hook without `env` has
// the caller's environment, as in runc and crun; an empty `env` is an empty environment.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <limits>

#include "cleat/base/text.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/sys/files.hpp"
#include "clone.hpp"
#include "words.hpp"

namespace cleat::launch {
namespace {

constexpr int kCannotExecute = 127;

std::string_view name_of(plan::HookKind kind) {
    switch (kind) {
        case plan::HookKind::Prestart:
            return "prestart";
        case plan::HookKind::CreateRuntime:
            return "createRuntime";
        case plan::HookKind::CreateContainer:
            return "createContainer";
        case plan::HookKind::StartContainer:
            return "startContainer";
        case plan::HookKind::Poststart:
            return "poststart";
        case plan::HookKind::Poststop:
            return "poststop";
    }
    return "unknown";
}

/// An unnamed file in memory. A pipe would need somebody to feed and drain it, and would end a hook
/// that leaves a daemon behind with SIGPIPE.
Result<sys::Fd> memory_file(std::string_view content) {
    sys::Fd file(::memfd_create("hook", MFD_CLOEXEC));
    if (!file) return fail_errno("make file for hook", errno);
    TRY(sys::write_all(file.get(), content));
    if (::lseek(file.get(), 0, SEEK_SET) < 0) return fail_errno("seek", errno);
    return file;
}

/// The hook ends with who waits for it: a runtime or an init that is killed leaves none behind.
/// What a hook itself starts is its own; set-user-ID programs get away (PR_SET_PDEATHSIG(2const)).
void end_with(pid_t parent) noexcept {
    static_cast<void>(::prctl(PR_SET_PDEATHSIG, SIGKILL));
    // 0: it is in a pid namespace where nothing can be told of this one (unshare --pid cleat).
    const pid_t now = ::getppid();
    if (now != parent && now != 0) ::_exit(kCannotExecute);
}

/// The streams of a hook, and nothing else once it is executed.
bool arrange(int input, const HookStreams& streams) noexcept {
    return ::dup2(input, STDIN_FILENO) >= 0 && ::dup2(streams.output, STDOUT_FILENO) >= 0 &&
           ::dup2(streams.errors, STDERR_FILENO) >= 0 &&
           ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

[[noreturn]] void stop(int errors, std::string_view what, std::string_view reason) noexcept {
    for (const auto text : {what, reason})
        static_cast<void>(::write(errors, text.data(), text.size()) < 0);
    ::_exit(kCannotExecute);
}

/// Runs in the hook's process. One with a time limit leads a group, which is what is killed when it
/// is up; in it no terminal's keys reach it, and to read from the terminal would stop it until
/// then.
[[noreturn]] void execute(const spec::Hook& hook, int input, const HookProcess& process,
                          pid_t parent) noexcept {
    const auto& streams = process.streams;
    end_with(parent);
    if (!process.directory.empty() && ::chdir(process.directory.c_str()) < 0)
        stop(streams.errors, "change into the bundle: ", ::strerrordesc_np(errno));
    if (hook.timeout) static_cast<void>(::setpgid(0, 0));
    auto args = pointers(hook.args);
    if (hook.args.empty())
        args = {const_cast<char*>(hook.path.c_str()), nullptr};  // execve(2) changes nothing
    const auto* texts = hook.env ? &*hook.env : process.env;
    const auto env = texts == nullptr ? std::vector<char*>{} : pointers(*texts);
    ::sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (!arrange(input, streams)) stop(streams.errors, "", ::strerrordesc_np(errno));
    if (process.confine)
        if (const auto confined = process.confine(); !confined)
            stop(streams.errors, "", confined.error().what);
    ::execve(hook.path.c_str(), args.data(), texts == nullptr ? ::environ : env.data());
    stop(streams.errors, "", ::strerrordesc_np(errno));
}

/// Waits for the hook; nullopt when its time is up, and then it is dead, and what it has started,
/// too, unless that has made a group or a session for itself.
Result<std::optional<int>> wait_for(const Cloned& process, std::optional<std::int32_t> timeout) {
    constexpr std::int64_t kMilliseconds = 1000;
    const auto limit = std::min<std::int64_t>(timeout ? *timeout * kMilliseconds : -1,
                                              std::numeric_limits<int>::max());
    ::pollfd watch{.fd = process.pidfd.get(), .events = POLLIN, .revents = 0};
    int ready = 0;
    do {
        ready = ::poll(&watch, 1, static_cast<int>(limit));
    } while (ready < 0 && errno == EINTR);
    if (ready < 0) return fail_errno("wait for hook", errno);
    if (ready == 0) {
        ::kill(-process.pid, SIGKILL);  // its number is the hook's until that is waited for
        TRY(sys::send_signal(process.pidfd.get(), Signal{SIGKILL}));
        TRY(sys::wait_child(process.pid));
        return std::nullopt;
    }
    return TRY(sys::wait_child(process.pid));
}

Result<void> run_one(const spec::Hook& hook, int input, HookProcess surroundings) {
    auto& streams = surroundings.streams;
    const auto errors = TRY(memory_file({}));
    if (streams.errors < 0) streams.errors = errors.get();
    sys::Fd null;
    if (streams.output < 0) {
        null = TRY(sys::open_at(sys::kHere, "/dev/null", O_WRONLY));
        streams.output = null.get();
    }
    const pid_t self = ::getpid();
    const auto process = TRY(clone_process({}));
    if (process.pid == 0) execute(hook, input, surroundings, self);
    const auto status = TRY(wait_for(process, hook.timeout));
    if (!status) return fail(ErrorKind::System, concat("did not end within ", *hook.timeout, " s"));
    if (*status != 0) {
        return fail(ErrorKind::System,
                    concat("ended with status ", *status, last_words(errors.get())));
    }
    return {};
}

}  // namespace

std::string last_words(int file) {
    constexpr off_t kTail = 512;
    const off_t end = ::lseek(file, 0, SEEK_END);
    if (end <= 0) return {};
    ::lseek(file, std::max<off_t>(0, end - kTail), SEEK_SET);
    auto text = sys::read_all(file);
    if (!text) return {};
    while (!text->empty() && text->back() == '\n') text->pop_back();
    std::ranges::replace(*text, '\n', ' ');
    return concat(": ", *text);
}

Result<sys::Fd> open_hook_output(const std::string& path) {
    constexpr mode_t kMode = 0600;
    if (path.empty()) return sys::Fd();
    return sys::open_at(sys::kHere, path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY, kMode);
}

Result<void> run_hooks(const plan::RunHooks& hooks, const std::string& state,
                       const HookProcess& process) {
    for (std::size_t i = 0; i < hooks.hooks.size(); ++i) {
        const auto& hook = hooks.hooks[i];
        const auto input = TRY(memory_file(state));
        auto done = run_one(hook, input.get(), process);
        if (done) continue;
        Error error = with_context(std::move(done).error(), concat(name_of(hooks.kind), " hook ", i,
                                                                   " ", quoted(hook.path)));
        error.pointer = concat("/hooks/", name_of(hooks.kind), "/", i);
        return std::unexpected(std::move(error));
    }
    return {};
}

}  // namespace cleat::launch

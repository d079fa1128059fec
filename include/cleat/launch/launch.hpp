// Room: launch (layer 3). Processes: the clone, the walk through a plan's lists, the protocol
// between them, hooks, and the start of a waiting init. The only room that forks.
#pragma once

#include <sys/types.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/plan/plan.hpp"
#include "cleat/sys/fd.hpp"
#include "cleat/sys/process.hpp"
#include "cleat/sys/trace.hpp"

namespace cleat::launch {

/// Who stays with a process has signals held for it from the moment on that it may run.
enum class Afterwards { Attended, Left };

/// What launch gets besides the plan. All callbacks run in the host process.
struct Request {
    const plan::Plan& plan;
    std::string bundle;                   ///< absolute
    std::string initial_directory = "/";  ///< unused by init; where the host stays
    std::optional<sys::ProcessIdentity>
        container_init;       ///< for a member: whose namespaces are joined
    int start_listener = -1;  ///< for create: init waits there for start
    int console_socket = -1;  ///< where the pty master is sent; -1: it is kept
    sys::Trace trace = {};
    Afterwards afterwards = Afterwards::Attended;
    /// Clears ONLCR (termios(3)) of the terminal unless standard output is a terminal: its output
    /// in a pipe or a file has the lines of the process.
    bool clear_onlcr = false;
    /// The container's state document for hooks and the seccomp listener: status and pid.
    std::function<std::string(std::string_view status, pid_t pid)> state_document;
    /// Called while init is on its way: writes what does not show yet. If it fails, init is ended.
    std::function<Result<void>(const sys::ProcessIdentity& init)> stage = {};
    /// Called when init is Ready: the container is there. If it fails, init is ended.
    std::function<Result<void>(const sys::ProcessIdentity& init)> commit = {};
};

/// A process that was started. If `console_master` is set, its owner relays the terminal.
struct Launched {
    sys::ProcessIdentity process;
    sys::Fd pidfd;
    sys::Fd console_master;
};

/// Runs plan.host; with it comes init. On any error the init is ended, and everything lasting that
/// the plan's host list made is undone, in reverse. Errors carry the failed step's pointer.
/// For create it returns once the commit is done and init waits; for run and exec once the process
/// has been executed (or the reason why not is the error).
[[nodiscard]] Result<Launched> launch(const Request& request);

/// Tells a waiting init to go on and returns when it has executed the process; an error is what
/// init says was wrong. `listener_directory` is the container's state directory.
/// Errors: State, "cannot start an already running container" when nobody waits there.
[[nodiscard]] Result<void> start(int listener_directory);

/// Descriptors that hooks write to; -1: nowhere, and errors are the end of the error's text.
struct HookStreams {
    int output = -1;
    int errors = -1;
};
/// The process of a hook.
struct HookProcess {
    HookStreams streams = {};
    std::string directory = {};  ///< working directory; "": the calling process's
    /// Environment of a hook without `env`; nullptr: the calling process's.
    const std::vector<std::string>* env = nullptr;
    /// Called in the hook's process as the last act before execve(2).
    std::function<Result<void>()> confine = {};
};
/// A file to append to, made if missing; "" gives none.
[[nodiscard]] Result<sys::Fd> open_hook_output(const std::string& path);
/// Runs hooks in the calling process's namespaces, with `state` on their stdin.
[[nodiscard]] Result<void> run_hooks(const plan::RunHooks& hooks, const std::string& state,
                                     const HookProcess& process = {});

/// Waits for the process while passing on signals (and the terminal, if there is a master) and
/// reaping strangers; gives its exit status, 128 + n for a signal.
struct Bystander {
    int fd = -1;
    std::function<int()> serve = {};  ///< when `fd` is readable: what is to be watched then, or -1
};
[[nodiscard]] Result<int> attend(Launched& launched, const Bystander& bystander = {});

/// What a program, looked up in PATH, writes to its standard output; its errors go to the caller's.
/// Errors: System, when it fails.
[[nodiscard]] Result<std::string> output_of(const std::vector<std::string>& command);

/// Runs a program, looked up in PATH, with nothing to read, to its end; what that leaves behind
/// runs on. Errors: System, with its status (127: it cannot be executed) and its last words.
[[nodiscard]] Result<void> run_program(const std::vector<std::string>& command);

/// A child that does `work` with the memory of its parent as it was, and ends with what that gives
/// as its exit status. Nothing is executed, signals are as a program finds them. It has `standard`
/// as 0, 1, 2 (to be inherited further), `kept` as 3, 4, …, and nothing else open.
struct Errand {
    std::array<int, 3> standard;
    std::vector<int> kept = {};
    std::function<int()> work;
};
[[nodiscard]] Result<pid_t> send_on(const Errand& errand);

/// Ends this process with 0 and leaves a child behind that does `work` in its very memory: no page
/// is copied, no table of pages, and what this process had is where it was. Returns only if there
/// is no child; standard error is still this process's then, all else is as for the errand.
[[nodiscard]] std::unexpected<Error> hand_over(const Errand& errand);

/// A program left to itself, with `fds` as its 3, 4, … and /dev/null as 0, 1, 2; `env` is all its
/// environment. Errors: System; that it cannot be executed shows in its exit status, 127.
[[nodiscard]] Result<pid_t> spawn(const std::vector<std::string>& command,
                                  const std::vector<std::string>& env, std::vector<int> fds);

/// Makes this process run from a copy of its executable that nobody can write to (CVE-2019-5736):
/// at once if it does already, else by moving its image to the copy, or else by executing that.
[[nodiscard]] Result<void> seal_own_executable(char** argv);

/// A user namespace with these maps; the process that it takes to make one is gone again.
[[nodiscard]] Result<sys::Fd> make_id_mapping(const plan::MakeIdMapping& step);

}  // namespace cleat::launch

// Room: launch. The walk through plan.init. Runs in the container's first process (or in one more
// process of `exec`), from the clone to execve: as root of whatever namespaces it is in, with the
// host's root until ChangeRoot, single-threaded. Nothing here returns to the code of the host.
#include "init.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <concepts>
#include <csignal>
#include <span>
#include <vector>

#include "cleat/base/text.hpp"
#include "cleat/cgroup/cgroup.hpp"
#include "cleat/kernel/apply.hpp"
#include "cleat/spec/decode.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/heap.hpp"
#include "cleat/sys/message.hpp"
#include "cleat/sys/tree.hpp"
#include "clone.hpp"
#include "protocol.hpp"
#include "walk.hpp"

namespace cleat::launch {
namespace {

constexpr int kChildFailed = 1;
constexpr int kPauseMilliseconds = 10;

/// What accept(2) says when the machine is short of something for a while, or a peer has gone. The
/// creator has ended by then: nobody would hear of it, and the container would just be gone.
bool is_passing(int error) noexcept {
    return error == EINTR || error == ECONNABORTED || error == EMFILE || error == ENFILE ||
           error == ENOMEM || error == ENOBUFS;
}

/// pid of this process as the host sees it: the host's procfs names it so, whatever the pid
/// namespace of the reader.
Result<pid_t> pid_on_host(const kernel::Context& context) {
    const auto text = TRY(sys::read_link_at(context.proc.get(), "self"));
    const auto pid = parse_number<pid_t>(text);
    if (!pid) return fail(ErrorKind::Internal, concat("/proc/self is ", quoted(text)));
    return *pid;
}

/// Where a debugger of the container's may hold this process, nothing of the host's stays open but
/// what it speaks to, what hooks write to, the procfs if it is still there, and what the caller
/// means it to have. What is closed here by number belongs to objects that are never looked at
/// again.
void forget_host(ChildArguments& arguments) noexcept {
    auto& context = arguments.context;
    std::vector<int> kept = {
        arguments.child_end.get(), arguments.seccomp_agent.get(), context.root.fd(),
        context.proc.get(),        arguments.request.trace.fd(),  arguments.request.start_listener};
    for (const auto& slot : context.slots) kept.push_back(slot.get());
    int preserved = STDERR_FILENO;
    for (const auto& step : arguments.request.plan.init)
        if (const auto* close = std::get_if<plan::CloseFds>(&step.action))
            preserved += static_cast<int>(close->preserve);
    std::ranges::sort(kept);
    auto next = static_cast<unsigned>(preserved) + 1;
    for (const int fd : kept) {
        if (fd <= preserved) continue;
        const auto number = static_cast<unsigned>(fd);
        if (number > next) ::close_range(next, number - 1, 0);
        next = number + 1;
    }
    ::close_range(next, ~0U, 0);
}

/// Applies each kind of step in init; kinds that belong to the host are a fault of the plan.
class InitHands {
 public:
    InitHands(ChildArguments arguments, mode_t host_umask) noexcept
        : arguments_(arguments), peer_(arguments.child_end.get()), host_umask_(host_umask) {}

    [[nodiscard]] int peer() const noexcept { return peer_; }

    Result<void> operator()(const plan::Report& step) {
        if (step.gate == plan::Gate::Ready) TRY(outlive_creator());
        return send_gate(peer_, step.gate);
    }

    Result<void> operator()(const plan::Await& step) {
        const auto incoming = TRY(receive(peer_));
        if (incoming.end) return fail(ErrorKind::Internal, "the creator is gone");
        if (incoming.message.kind != MessageKind::Gate || incoming.message.gate != step.gate)
            return fail(ErrorKind::Internal, "a message out of order");
        host_pid_ = incoming.message.pid;
        // Else the host has opened them before the clone.
        if (step.gate == plan::Gate::Confined)
            arguments_.context.cgroup_tasks =
                TRY(cgroup::open_v1_tasks(arguments_.request.plan.cgroups));
        return {};
    }

    Result<void> operator()(const plan::RunHooks& step) {
        const bool starting = step.kind == plan::HookKind::StartContainer;
        const pid_t pid = ::getpid();  // as the container sees it (runtime.md#state)
        const mode_t umask_now = starting ? 0 : ::umask(host_umask_);
        HookProcess process{.streams = streams_of(step, arguments_.context)};
        if (starting) confine(process);
        auto done = run_hooks(
            step, arguments_.request.state_document(starting ? "created" : "creating", pid),
            process);
        if (!starting) ::umask(umask_now);
        return done;
    }

    /// For as long as the user likes, within sight of who else is in its pid namespace.
    Result<void> operator()(const plan::AwaitStart&) {
        if (!has_step<plan::SetAppArmor, plan::SetSelinuxLabel>(arguments_.request.plan.init))
            arguments_.context.proc.reset();
        forget_host(arguments_);
        for (;;) {
            sys::Fd connection(
                ::accept4(arguments_.request.start_listener, nullptr, nullptr, SOCK_CLOEXEC));
            if (!connection) {
                if (!is_passing(errno)) return fail_errno("wait for start", errno);
                ::poll(nullptr, 0, kPauseMilliseconds);
                continue;
            }
            const auto incoming = receive(connection.get());
            // A `start` that was killed before it said so has not started the container.
            if (!incoming || incoming->end || incoming->message.kind != MessageKind::Start)
                continue;
            start_connection_ = std::move(connection);
            peer_ = start_connection_.get();
            ::close(arguments_.request.start_listener);
            return {};
        }
    }

    Result<void> operator()(const plan::SetUpConsole& step) {
        TRY(kernel::apply(step, arguments_.context));
        const sys::Fd master = std::move(arguments_.context.console_master);
        return send_with_fd(peer_, {.kind = MessageKind::Console}, master.get());
    }

    Result<void> operator()(const plan::LoadSeccomp& step) {
        TRY(kernel::apply(step, arguments_.context));
        if (!arguments_.context.seccomp_listener) return {};
        return hand_over_listener(step.seccomp);
    }

    /// The last step before the seccomp filter, which may allow nothing but execve(2): the peer
    /// gets the last message, and memory is allocated, before it.
    Result<void> operator()(const plan::CloseFds& step) {
        TRY(kernel::apply(step, arguments_.context));
        if (const auto* exec = find_step<plan::Exec>(arguments_.request.plan.init))
            kernel::prepare_exec(*exec, arguments_.context);
        return send(peer_, MessageKind::Executing);
    }

    template <class HostStep>
        requires(std::same_as<HostStep, plan::StartScope> ||
                 std::same_as<HostStep, plan::ChangeScope> ||
                 std::same_as<HostStep, plan::MakeCgroup> ||
                 std::same_as<HostStep, plan::WriteCgroup> ||
                 std::same_as<HostStep, plan::SetCgroupDevices> ||
                 std::same_as<HostStep, plan::DelegateCgroup> ||
                 std::same_as<HostStep, plan::MakeSubgroup> ||
                 std::same_as<HostStep, plan::MakeRdtGroup> ||
                 std::same_as<HostStep, plan::WriteRdtSchema> ||
                 std::same_as<HostStep, plan::JoinRdtGroups> ||
                 std::same_as<HostStep, plan::OpenContainer> ||
                 std::same_as<HostStep, plan::OpenHookOutput> ||
                 std::same_as<HostStep, plan::MakeIdMapping> ||
                 std::same_as<HostStep, plan::OpenNewNamespace> ||
                 std::same_as<HostStep, plan::MoveNetDevice> ||
                 std::same_as<HostStep, plan::Clone> || std::same_as<HostStep, plan::WriteIdMaps> ||
                 std::same_as<HostStep, plan::SetOomScoreAdj>)
    Result<void> operator()(const HostStep&) {
        return fail(ErrorKind::Internal, "a step of the host in the list of init");
    }

    template <class KernelStep>
    Result<void> operator()(const KernelStep& step) {
        return kernel::apply(step, arguments_.context);
    }

 private:
    /// A startContainer hook has the environment and the seccomp filter of the process (as in runc
    /// and crun). The hook's process loads the filter, so init needs none of a hook's calls. A
    /// filter with a listener is in force already.
    void confine(HookProcess& process) {
        const auto& init = arguments_.request.plan.init;
        process.env = &arguments_.context.env;
        const auto* load = find_step<plan::LoadSeccomp>(init);
        if (load != nullptr && !kernel::notifies(load->seccomp))
            process.confine = [this, load] { return kernel::apply(*load, arguments_.context); };
    }

    /// From here on end of file does what the signal did: init waits for its creator's word that
    /// the state is written, and ends if the creator does. Doing it after that word would be too
    /// late, as the creator ends right behind it.
    Result<void> outlive_creator() {
        if (::prctl(PR_SET_PDEATHSIG, 0) < 0) return fail_errno("clear parent death signal", errno);
        return {};
    }

    /// The container process state of the specification, with the listener (config-linux.md
    /// #containerprocessstate), to the agent that was connected before the clone.
    Result<void> hand_over_listener(const spec::Seccomp& seccomp) {
        const sys::Fd listener = std::move(arguments_.context.seccomp_listener);
        const pid_t pid = host_pid_ > 0 ? host_pid_ : TRY(pid_on_host(arguments_.context));
        const std::string document =
            concat("{\"ociVersion\":\"", spec::kOciVersion, R"(","fds":["seccompFd"],"pid":)", pid,
                   ",\"metadata\":", quoted(seccomp.listener_metadata),
                   ",\"state\":", arguments_.request.state_document("creating", pid), "}");
        const int fd = listener.get();
        auto sent = sys::send_message(arguments_.seccomp_agent.get(),
                                      std::as_bytes(std::span(document)), std::span(&fd, 1));
        arguments_.seccomp_agent.reset();
        return sent;
    }

    ChildArguments arguments_;
    sys::Fd start_connection_;
    int peer_;
    mode_t host_umask_;   ///< for the hooks before that
    pid_t host_pid_ = 0;  ///< as a gate has told it
};

[[noreturn]] void give_up(int peer, const Error& error) noexcept {
    send_failure(peer, error);
    ::_exit(kChildFailed);
}

/// The signals that this process ignores, bit by bit (proc_pid_status(5)); all if /proc does not
/// say. Asking sigaction(2) for each takes a system call for each, as setting them does.
std::uint64_t ignored_signals(int proc) noexcept {
    constexpr std::uint64_t kAll = ~std::uint64_t{0};
    constexpr std::string_view kField = "\nSigIgn:\t";
    constexpr std::size_t kDigits = 16;
    constexpr int kHexadecimal = 16;
    const auto status = sys::read_record_at(proc, "self/status");
    if (!status) return kAll;
    const std::string_view text = *status;
    const auto field = text.find(kField);
    if (field == std::string_view::npos) return kAll;
    const auto digits = text.substr(field + kField.size(), kDigits);
    if (digits.size() != kDigits) return kAll;
    return parse_number<std::uint64_t>(digits, kHexadecimal).value_or(kAll);
}

/// A signal that the caller ignores (nohup(1), a service manager) is ignored across execve(2), too.
void stop_ignoring_signals(int proc) noexcept {
    const std::uint64_t ignored = ignored_signals(proc);
    struct ::sigaction action{};
    action.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number)
        if ((ignored >> static_cast<unsigned>(number - 1) & 1U) != 0)
            ::sigaction(number, &action, nullptr);
}

/// Has at hand what it runs, closes what only the host uses and forgets what an engine may have
/// done to its signals.
void begin_child(ChildArguments& arguments) noexcept {
    sys::stock_stack();
    arguments.host_end.reset();
    stop_ignoring_signals(arguments.context.proc.get());
    ::sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Until systemd has moved this process to where it is to clone.
void await_place(int peer) noexcept {
    const auto incoming = receive(peer);
    if (!incoming || incoming->end || incoming->message.kind != MessageKind::Moved)
        ::_exit(kChildFailed);
}

/// A procfs of the member's own pid namespace, attached nowhere, for the steps that go through one.
/// Where none can be mounted the container's must do, if it is one.
Result<void> open_own_proc(ChildArguments& arguments) {
    if (!has_step<plan::SetUpConsole, plan::SetAppArmor, plan::SetSelinuxLabel>(
            arguments.request.plan.init))
        return {};
    auto tree = sys::Tree::make({.type = "proc"});
    arguments.context.proc = tree ? std::move(*tree).take() : TRY(sys::open_proc());
    return {};
}

}  // namespace

void run_init(ChildArguments arguments) noexcept {
    if (arguments.host_end) begin_child(arguments);  // else the joiner has
    // What is made in the root has exactly its mode: there is no umask until SetUmask.
    InitHands hands(arguments, ::umask(0));
    auto walked = walk(arguments.request.plan.init, hands,
                       {.trace = arguments.request.trace, .process = "init"});
    // The list ends with Exec, which returns only when it fails.
    give_up(hands.peer(), walked ? Error{.what = "the plan has no exec"} : walked.error());
}

void run_joiner(ChildArguments arguments, Place place) noexcept {
    begin_child(arguments);
    const int peer = arguments.child_end.get();
    if (place == Place::Awaited) await_place(peer);
    InitHands hands(arguments, 0);  // runs no hooks
    auto walked = walk(arguments.request.plan.joiner, hands,
                       {.trace = arguments.request.trace, .process = "joiner"});
    if (!walked) give_up(peer, walked.error());
    const bool is_member = arguments.request.container_init.has_value();
    if (is_member) {
        arguments.context.proc.reset();
        forget_host(arguments);
    }
    auto cloned = clone_container(arguments.clone, arguments.context, Sibling::Yes);
    if (!cloned) give_up(peer, with_context(cloned.error(), "clone"));
    if (cloned->pid == 0) {
        if (is_member)
            if (auto opened = open_own_proc(arguments); !opened) give_up(peer, opened.error());
        run_init(arguments);
    }
    const auto told =
        send_with_fd(peer, {.kind = MessageKind::Joined, .pid = cloned->pid}, cloned->pidfd.get());
    ::_exit(told ? 0 : kChildFailed);
}

}  // namespace cleat::launch

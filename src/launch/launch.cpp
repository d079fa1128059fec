// Room: launch. The walk through plan.host. Runs in the process of `cleat create`, `run` or `exec`,
// with the caller's privileges and the host's root; everything lasting that it makes is undone
// unless the walk gets to its end.
#include "cleat/launch/launch.hpp"

#include <fcntl.h>
#include <sys/prctl.h>

#include <cerrno>
#include <deque>
#include <span>

#include "attend.hpp"
#include "cleat/base/text.hpp"
#include "cleat/cgroup/cgroup.hpp"
#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/heap.hpp"
#include "cleat/sys/message.hpp"
#include "clone.hpp"
#include "confinement.hpp"
#include "guards.hpp"
#include "hard_limits.hpp"
#include "id_maps.hpp"
#include "init.hpp"
#include "last_words.hpp"
#include "protocol.hpp"
#include "shared_init.hpp"
#include "sources.hpp"
#include "walk.hpp"

namespace cleat::launch {
namespace {

bool is_closed(const Error& error) {
    return error.errno_value == EPIPE || error.errno_value == ECONNRESET;
}

Result<sys::Fd> connect_agent(const std::string& path) {
    auto agent = sys::connect_stream(path);
    if (agent) return agent;
    Error error = with_context(std::move(agent).error(), "seccomp listener");
    error.pointer = "/linux/seccomp/listenerPath";
    return std::unexpected(std::move(error));
}

class Host {
 public:
    explicit Host(const Request& request) : request_(request), plan_(request.plan) {}
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    ~Host() { static_cast<void>(meet_init()); }  // nobody else would end it

    Result<Launched> launch();

    Result<void> operator()(const plan::StartScope& step) { return confinement_.apply(step); }
    Result<void> operator()(const plan::ChangeScope& step) { return cgroup::change_scope(step); }
    Result<void> operator()(const plan::MakeCgroup& step) { return confinement_.apply(step); }
    Result<void> operator()(const plan::WriteCgroup& step) { return confinement_.apply(step); }
    Result<void> operator()(const plan::SetCgroupDevices& step) { return confinement_.apply(step); }
    Result<void> operator()(const plan::DelegateCgroup& step) { return confinement_.apply(step); }
    Result<void> operator()(const plan::MakeSubgroup& step) {
        context_.slots.at(step.slot.index) = TRY(cgroup::make_subgroup(step, plan_.cgroups));
        return {};
    }
    Result<void> operator()(const plan::MakeRdtGroup& step) { return confinement_.apply(step); }
    Result<void> operator()(const plan::WriteRdtSchema& step) { return confinement_.apply(step); }
    Result<void> operator()(const plan::JoinRdtGroups& step) {
        return kernel::join_rdt_groups(step, child_.pid());
    }
    Result<void> operator()(const plan::OpenNamespace& step) {
        return open_namespace(step, plan_, context_);
    }
    Result<void> operator()(const plan::MakeIdMapping& step) {
        context_.slots.at(step.slot.index) = TRY(make_id_mapping(step));
        return {};
    }
    Result<void> operator()(const plan::OpenSource& step) {
        return open_source(step, plan_, context_);
    }
    Result<void> operator()(const plan::OpenContainer& step) {
        context_.slots.at(step.slot.index) = TRY(sys::open_pidfd(*request_.container_init));
        if (!step.root) return {};
        const std::string path = concat(request_.container_init->pid, "/root");
        context_.slots.at(step.root->index) =
            TRY(sys::open_at(context_.proc.get(), path.c_str(), O_PATH | O_DIRECTORY));
        return {};
    }
    Result<void> operator()(const plan::OpenHookOutput& step) {
        context_.slots.at(step.slot.index) = TRY(open_hook_output(step.path));
        return {};
    }
    Result<void> operator()(const plan::OpenNewNamespace& step) {
        const std::string path = concat("/proc/", child_.pid(), "/ns/", kernel::file_of(step.type));
        context_.slots.at(step.slot.index) = TRY(sys::open_at(sys::kHere, path.c_str(), O_RDONLY));
        return {};
    }
    Result<void> operator()(const plan::MoveNetDevice& step) {
        net_devices_.add(TRY(kernel::move_net_device(step, context_)));
        return {};
    }
    Result<void> operator()(const plan::WriteIdMaps& step) {
        return write_id_maps(step, child_.pid());
    }
    Result<void> operator()(const plan::SetOomScoreAdj& step) {
        return sys::write_text_at(sys::kHere,
                                  concat("/proc/", child_.pid(), "/oom_score_adj").c_str(),
                                  concat(step.value));
    }
    Result<void> operator()(const plan::RunHooks& step) {
        return run_hooks(step, request_.state_document("creating", child_.pid()),
                         {.streams = streams_of(step, context_), .directory = request_.bundle});
    }
    Result<void> operator()(const plan::Clone& step);
    Result<void> operator()(const plan::Report& step);
    Result<void> operator()(const plan::Await& step);

    template <class InitStep>
    Result<void> operator()(const InitStep&) {
        return fail(ErrorKind::Internal, "a step of init in the list of the host");
    }

 private:
    Result<void> prepare();
    Result<Cloned> clone_first(const plan::Clone& step);
    Result<void> meet_init();
    Result<void> await_joined(pid_t joiner);
    Result<void> move_into_scope(const Cloned& joiner);
    Result<Incoming> receive_next();
    Result<Incoming> next_message();
    Result<void> take_console(Incoming incoming);
    Result<void> stage();
    Result<void> commit();
    Result<void> await_execution();
    [[nodiscard]] std::unexpected<Error> init_died() { return ended(child_.reap(), request_); }
    [[nodiscard]] std::unexpected<Error> what_init_said();

    const Request& request_;
    const plan::Plan& plan_;
    Confinement confinement_{request_.plan};  // before the child, which is ended first
    SharedInit shared_init_;
    ChildGuard child_;
    kernel::Context context_;
    NetDeviceGuard net_devices_{context_};  // returned while the child holds their namespace
    RootMountGuard root_mount_{plan_, context_};
    sys::Fd host_end_;
    sys::Fd child_end_;
    sys::Fd seccomp_agent_;
    sys::Fd console_master_;
    std::deque<Incoming> early_;    ///< of init, from before the joiner was heard
    std::uint64_t start_time_ = 0;  ///< of the child, known once it is waited for
    bool committed_ = false;
};

/// What init finds by copy-on-write: all that must be opened or compiled with the host's rights.
Result<void> Host::prepare() {
    context_.slots.resize(plan_.slots);
    context_.bundle = request_.bundle;
    context_.proc = TRY(sys::open_proc());
    if (const auto* exec = find_step<plan::Exec>(plan_.init)) context_.env = exec->env;
    if (const auto* load = find_step<plan::LoadSeccomp>(plan_.init)) {
        auto program = kernel::compile_seccomp(*load);
        if (!program) {
            Error error = std::move(program).error();
            if (error.pointer.empty()) error.pointer = "/linux/seccomp";
            return std::unexpected(std::move(error));
        }
        context_.seccomp = *std::move(program);
        // Without SCMP_ACT_NOTIFY the path is ignored (config-linux.md#seccomp).
        if (kernel::notifies(load->seccomp))
            seccomp_agent_ = TRY(connect_agent(load->seccomp.listener_path));
    }
    auto [host_end, child_end] = TRY(sys::seqpacket_pair());
    host_end_ = std::move(host_end);
    child_end_ = std::move(child_end);
    return {};
}

/// Init, or the joiner. A container that gives controllers to cgroups of its own has no process in
/// the one above them (cgroup-v2.rst, "No Internal Process Constraint"), and lets none in; a member
/// is born beside its first process then. It inherits the hard limits that it could not raise.
Result<Cloned> Host::clone_first(const plan::Clone& step) {
    const auto clone = [&] {
        return plan_.joiner.empty() ? clone_container(step, context_, Sibling::No)
                                    : clone_process({.cgroup = context_.unified_cgroup.get()});
    };
    const HardLimits raised(plan_.init);
    auto cloned = clone();
    if (!cloned && cloned.error().errno_value == EBUSY && step.into_cgroup &&
        request_.container_init) {
        auto place = cgroup::open_unified_of(plan_.cgroups.at(*step.into_cgroup),
                                             request_.container_init->pid);
        if (place) {
            context_.unified_cgroup = *std::move(place);
            cloned = clone();
        }
    }
    if (!cloned || cloned->pid != 0) raised.restore();
    return cloned;
}

Result<void> Host::operator()(const plan::Clone& step) {
    if (!awaits(plan_.init, plan::Gate::Confined))
        context_.cgroup_tasks = TRY(cgroup::open_v1_tasks(plan_.cgroups));
    if (step.into_cgroup)
        context_.unified_cgroup = TRY(cgroup::open_unified(plan_.cgroups.at(*step.into_cgroup)));
    ChildArguments arguments{.request = request_,
                             .context = context_,
                             .host_end = host_end_,
                             .child_end = child_end_,
                             .seccomp_agent = seccomp_agent_,
                             .clone = step};
    // In a pid namespace that it joins the child is seen from its first moment on; it inherits
    // this.
    if (step.enter_pid_namespace && ::prctl(PR_SET_DUMPABLE, 0) < 0)
        return fail_errno("become undumpable", errno);
    ProcessLimit limit(plan_.cgroups);
    bool direct = plan_.joiner.empty();
    // A member is held to the limit that is there.
    if (!request_.container_init && (confinement_.has_stand_in() || !direct)) limit.lift();
    if (may_share_memory(plan_, step) && shared_init_.begin(arguments)) {
        if (awaits(plan_.init, plan::Gate::Confined)) return {};  // there is no stand-in
        TRY(meet_init());
        return limit.restore();
    }
    auto cloned = clone_first(step);
    sys::freeze_heap();  // in both processes, each with a piece of its own
    const bool moved = !cloned && cloned.error().errno_value == EACCES &&
                       !plan_.scope.unit.empty() && context_.unified_cgroup;
    if (moved) {
        direct = false;
        cloned = clone_process({});
    }
    if (!cloned) return std::unexpected(std::move(cloned).error());
    if (cloned->pid == 0) {
        if (direct) run_init(arguments);
        run_joiner(arguments, moved ? Place::Awaited : Place::Taken);
    }
    child_end_.reset();
    if (moved) TRY(move_into_scope(*cloned));
    sys::close_all(context_.cgroup_tasks);
    if (direct)
        child_.take(cloned->pid, std::move(cloned->pidfd));
    else
        TRY(await_joined(cloned->pid));
    return limit.restore();
}

/// Where init shares the memory of the host, that has gone on with what needs no init yet.
Result<void> Host::meet_init() {
    if (!shared_init_.has_begun()) return {};
    auto cloned = shared_init_.meet();
    if (!cloned) {
        Error error = std::move(cloned).error();
        error.pointer = origin_of<plan::Clone>(plan_.host);
        return std::unexpected(std::move(error));
    }
    child_end_.reset();
    sys::close_all(context_.cgroup_tasks);
    child_.take(cloned->pid, std::move(cloned->pidfd));
    return {};
}

/// A user's session is outside of what the user's systemd may give away: whoever calls from there
/// may not put a process into the scope, but systemd may. So a joiner is born here, systemd moves
/// it, and init is born where it is.
Result<void> Host::move_into_scope(const Cloned& joiner) {
    auto attached = cgroup::attach_to_scope(plan_.scope, joiner.pid);
    if (attached) attached = send(host_end_.get(), MessageKind::Moved);
    if (attached) return {};
    static_cast<void>(sys::send_signal(joiner.pidfd.get(), Signal{SIGKILL}));
    static_cast<void>(sys::wait_child(joiner.pid));
    return attached;
}

/// The joiner clones init as a child of this process, says who it is, and ends. Init runs at once
/// and may be heard before: what it said waits for next_message(). Once the joiner has ended well
/// its message is on the way, so this does not wait for ever.
Result<void> Host::await_joined(pid_t joiner) {
    auto incoming = receive(host_end_.get());
    const auto status = sys::wait_child(joiner);
    if (!incoming) return std::unexpected(std::move(incoming).error());
    const bool joined = status && *status == 0;
    if (!joined && !incoming->end && incoming->message.kind == MessageKind::Failed)
        return std::unexpected(to_error(incoming->message));
    while (joined && !incoming->end && incoming->message.kind != MessageKind::Joined) {
        early_.push_back(*std::move(incoming));
        incoming = receive(host_end_.get());
        if (!incoming) return std::unexpected(std::move(incoming).error());
    }
    if (incoming->end || incoming->message.kind != MessageKind::Joined || incoming->fds.empty())
        return fail(ErrorKind::Internal, "the joiner said nothing");
    child_.take(incoming->message.pid, std::move(incoming->fds[0]));
    return {};
}

Result<void> Host::operator()(const plan::Report& step) {
    if (step.gate == plan::Gate::Confined) TRY(meet_init());
    if (step.gate == plan::Gate::Committed) TRY(commit());
    auto sent = send_gate(host_end_.get(), step.gate, child_.pid());
    if (!sent && is_closed(sent.error())) return what_init_said();
    return sent;
}

Result<void> Host::operator()(const plan::Await& step) {
    if (step.gate == plan::Gate::Ready) TRY(stage());
    const auto incoming = TRY(next_message());
    if (incoming.end) return init_died();
    if (incoming.message.kind == MessageKind::Gate && incoming.message.gate == step.gate) {
        if (step.gate == plan::Gate::Ready) confinement_.end_stand_in();
        return {};
    }
    return fail(ErrorKind::Internal, "a message out of order");
}

Result<Incoming> Host::receive_next() {
    if (early_.empty()) return receive(host_end_.get());
    auto first = std::move(early_.front());
    early_.pop_front();
    return first;
}

/// The next message that is not about the console; a failure becomes the error that it tells.
Result<Incoming> Host::next_message() {
    for (;;) {
        auto incoming = TRY(receive_next());
        if (incoming.end) return incoming;
        if (incoming.message.kind == MessageKind::Failed)
            return std::unexpected(explained(to_error(incoming.message), request_));
        if (incoming.message.kind != MessageKind::Console) return incoming;
        TRY(take_console(std::move(incoming)));
    }
}

Result<void> Host::take_console(Incoming incoming) {
    if (incoming.fds.empty()) return fail(ErrorKind::Internal, "a console without a terminal");
    if (request_.console_socket < 0) {
        console_master_ = std::move(incoming.fds[0]);
        if (request_.clear_onlcr) clear_onlcr(console_master_.get());
        return {};
    }
    // Engines read the name and the descriptor in one message.
    constexpr std::string_view kName = "/dev/ptmx";
    const int master = incoming.fds[0].get();
    auto sent = sys::send_message(request_.console_socket, std::as_bytes(std::span(kName)),
                                  std::span(&master, 1));
    if (!sent) return std::unexpected(with_context(std::move(sent).error(), "console socket"));
    return {};
}

/// An init that has died already says or shows why when it is waited for.
Result<void> Host::stage() {
    const auto status = sys::process_stat(child_.pid());
    if (!status) return {};
    start_time_ = status->start_time;
    if (!request_.stage) return {};
    return request_.stage({.pid = child_.pid(), .start_time = start_time_});
}

Result<void> Host::commit() {
    if (start_time_ == 0) {
        // Waiting is for who has died; that init cannot be looked at may have another reason.
        const auto gone = sys::wait_gone(child_.pidfd(), std::chrono::milliseconds{0});
        if (gone && *gone) return init_died();
        return fail(ErrorKind::System, "init cannot be seen in /proc");
    }
    // A hook in init may take its time, and until it ends a signal must be able to end it all.
    if (request_.afterwards == Afterwards::Attended &&
        find_step<plan::AwaitStart>(plan_.init) == nullptr &&
        find_step<plan::RunHooks>(plan_.init) == nullptr)
        TRY(hold_signals());
    committed_ = true;
    if (!request_.commit) return {};
    return request_.commit({.pid = child_.pid(), .start_time = start_time_});
}

/// Reads up to the end of file that the successful execve brings.
Result<void> Host::await_execution() {
    bool executing = false;
    for (;;) {
        const auto incoming = TRY(next_message());
        if (incoming.end && !executing) return init_died();
        if (incoming.end) return {};
        executing = executing || incoming.message.kind == MessageKind::Executing;
    }
}

/// Init has ended while this process was busy.
std::unexpected<Error> Host::what_init_said() {
    for (;;) {
        auto incoming = next_message();
        if (!incoming) return std::unexpected(std::move(incoming).error());
        if (incoming->end) return init_died();
    }
}

Result<Launched> Host::launch() {
    TRY(prepare());
    TRY(walk(plan_.host, *this, {.trace = request_.trace, .process = "host"}));
    const bool waits_for_start = find_step<plan::AwaitStart>(plan_.init) != nullptr;
    if (!waits_for_start) {
        const sys::Span span(request_.trace, "host", "await-execution");
        TRY(await_execution());
    }
    if (!waits_for_start) shared_init_.join();
    if (!committed_) TRY(commit());
    confinement_.keep();
    net_devices_.keep();
    root_mount_.keep();
    Launched launched;
    launched.process = {.pid = child_.pid(), .start_time = start_time_};
    launched.pidfd = child_.release();
    launched.console_master = std::move(console_master_);
    return launched;
}

}  // namespace

Result<Launched> launch(const Request& request) { return Host(request).launch(); }

}  // namespace cleat::launch

// Room: lifecycle. `exec`: one more process in a container. Runs in the host process.
#include <utility>

#include "birth.hpp"
#include "channels.hpp"
#include "cleat/base/text.hpp"
#include "cleat/host/probe.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/sys/files.hpp"
#include "config.hpp"
#include "container.hpp"
#include "member.hpp"

namespace cleat::lifecycle {
namespace {

/// The process, and the document that pointers into it mean.
struct Member {
    spec::Process process;
    std::string text;  ///< of the process document; empty if it came from the command line
    std::string document;
};

Result<void> check_status(const Container& container, const ExecOptions& options) {
    const auto status = TRY(status_of(container));
    if (status == Status::Stopped)
        return fail(ErrorKind::State, "cannot exec in a stopped container");
    if (status == Status::Paused && !options.ignore_paused) {
        return fail(ErrorKind::State,
                    "cannot exec in a paused container (use --ignore-paused to override)");
    }
    return {};
}

Result<Member> member_from_document(const ExecOptions& options) {
    Member member{.process = {}, .text = options.process_text, .document = "process"};
    if (!options.process_file.empty()) {
        member.text = TRY(sys::read_text_at(sys::kHere, options.process_file.c_str()));
        member.document = options.process_file.substr(options.process_file.rfind('/') + 1);
    }
    member.process = TRY(accept(spec::decode_process(member.text), member.document));
    if (options.terminal) member.process.terminal = *options.terminal;
    return member;
}

Result<Member> member_of(const ExecOptions& options, const Config& config) {
    if (!options.process_file.empty() || !options.process_text.empty())
        return member_from_document(options);
    Member member;
    if (config.spec.process) member.process = *config.spec.process;
    member.process = TRY(changed_process(std::move(member.process), options));
    const auto problems = spec::check_process(member.process, "");
    for (const auto& problem : problems)
        if (problem.severity == spec::Severity::Error)
            return std::unexpected(spec::to_error(problems, "process"));
    log_problems(problems, {});
    return member;
}

/// Steps of a member point into config.json; what is below /process came from elsewhere.
Error with_place(Error error, const Member& member, const Config& config) {
    constexpr std::string_view kProcess = "/process";
    if (!error.pointer.starts_with(kProcess))
        return located(std::move(error), config.text, config.document);
    if (member.text.empty()) {
        error.pointer.clear();
        return error;
    }
    error.pointer.erase(0, kProcess.size());
    return located(std::move(error), member.text, member.document);
}

/// A named cgroup must exist. Without a name, the process follows init (runc 1.4.1).
Result<cgroup::Directories> cgroups_of(const Container& container, const ExecOptions& options,
                                       const plan::HostFacts& facts) {
    auto own = directories_of(container.state.cgroups);
    if (!options.cgroups.empty()) return chosen_cgroups(std::move(own), options.cgroups);
    return present_cgroups(std::move(own), facts.cgroups, container.state.init.pid);
}

Result<plan::Plan> compile(const Container& container, const ExecOptions& options,
                           const Member& member, const Config& config) {
    const auto facts = TRY(host::probe());
    const plan::MemberOptions how{.namespaces = TRY(differing_namespaces(container.state.init.pid)),
                                  .cgroups = TRY(cgroups_of(container, options, facts)),
                                  .cgroup_driver = driver_of(container.state.cgroup_driver),
                                  .rdt = rdt_of(container.state.rdt),
                                  .preserve_fds = options.preserve_fds + options.listen_fds};
    auto plan = TRY(plan::compile_member(config.spec, member.process, facts, how));
    plan.scope = scope_of(container.state.scope);
    return plan;
}

/// Who relays the terminal of the process.
enum class Relay { Here, Shim };

struct MemberLaunch {
    const ExecOptions& options;
    const plan::Plan& plan;
    Relay relay;
};

Result<launch::Launched> make_member(const Settings& settings, const Container& container,
                                     const MemberLaunch& member) {
    const auto& [options, plan, relay] = member;
    const sys::Fd console = TRY(connect_console(options.console_socket));
    const auto& state = container.state;
    bool has_pid_file = false;
    auto launched = launch::launch({
        .plan = plan,
        .bundle = state.bundle,
        .container_init = state.init,
        .console_socket = console.get(),
        .trace = settings.trace,
        .afterwards = options.detach ? launch::Afterwards::Left : launch::Afterwards::Attended,
        .clear_onlcr = relay == Relay::Here && !options.detach,
        .state_document = [&state](std::string_view status,
                                   pid_t pid) { return hook_document(state, status, pid); },
        .commit = [&](const sys::ProcessIdentity& process) -> Result<void> {
            TRY(write_pid_file(options.pid_file, process.pid));
            has_pid_file = !options.pid_file.empty();
            return send_pidfd(options.pidfd_socket, process);
        },
    });
    // What cannot be executed shows only after that.
    if (!launched && has_pid_file)
        static_cast<void>(sys::remove_file_at(sys::kHere, options.pid_file.c_str()));
    return launched;
}

Result<launch::Launched> launch_member(const Settings& settings, const ExecOptions& options,
                                       Company company, Relay relay) {
    const auto container = TRY(open_container(settings, options.id));
    TRY(check_status(container, options));
    const auto config =
        TRY(sys::timed(settings.trace, "load-config", [&] { return config_of(container); }));
    auto member = TRY(member_of(options, config));
    add_listen_fds(member.process.env, options.listen_fds);
    TRY(check_terminal(member.process.terminal, options.console_socket, company));
    auto plan = sys::timed(settings.trace, "compile-plan",
                           [&] { return compile(container, options, member, config); });
    if (!plan) return std::unexpected(with_place(std::move(plan).error(), member, config));
    log_problems(plan->warnings, {});
    auto launched =
        make_member(settings, container, {.options = options, .plan = *plan, .relay = relay});
    if (!launched) return std::unexpected(with_place(std::move(launched).error(), member, config));
    return launched;
}

}  // namespace

Result<Newborn> exec_near(const Settings& settings, const ExecOptions& options) {
    auto launched = TRY(launch_member(settings, options, Company::Attached, Relay::Shim));
    return Newborn{.process = launched.process, .console = std::move(launched.console_master)};
}

Result<int> exec(const Settings& settings, const ExecOptions& options) {
    auto launched = TRY(launch_member(
        settings, options, options.detach ? Company::Detached : Company::Attached, Relay::Here));
    if (options.detach) return 0;
    return launch::attend(launched);
}

}  // namespace cleat::lifecycle

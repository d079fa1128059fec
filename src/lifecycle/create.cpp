// Room: lifecycle. `create`, and the part of it that `run` shares. Runs in the host process. The
// order is the promise: everything is checked and compiled first, then the id is taken, then what a
// rollback must know is written, and only then something lasting is made.
#include <algorithm>
#include <utility>

#include "birth.hpp"
#include "channels.hpp"
#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/host/probe.hpp"
#include "cleat/spec/annotations.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/message.hpp"
#include "reservation.hpp"
#include "root_mount.hpp"

namespace cleat::lifecycle {
namespace {

plan::CgroupDriver driver_for(const Settings& settings, const spec::Spec& spec) {
    constexpr auto kColons = 2;
    const bool is_scope = std::ranges::count(spec.linux.cgroups_path, ':') == kColons;
    return is_scope && settings.driver_choice == Settings::Choice::ByPath
               ? plan::CgroupDriver::Systemd
               : settings.cgroup_driver;
}

plan::Options plan_options(plan::CgroupDriver driver, const CreateOptions& options,
                           const std::string& bundle, plan::Options::Begin begin) {
    return {.id = options.id,
            .bundle = bundle,
            .cgroup_driver = driver,
            .root_change = options.root_change,
            .keyring = options.keyring,
            .begin = begin,
            .preserve_fds = options.preserve_fds + options.listen_fds};
}

/// The one place where things are made. On failure launch undoes its own work.
Result<launch::Launched> make_init(const Prepared& prepared, const CreateOptions& options,
                                   const Reservation& reservation, store::State& state) {
    const sys::Fd console = TRY(connect_console(options.console_socket));
    const auto intent = TRY(intent_of(prepared.plan));
    state.boot = intent.boot;
    TRY(reservation.entry().write_intent(intent));
    sys::Fd listener;
    if (prepared.begin == plan::Options::Begin::OnStart)
        listener = TRY(sys::listen_at(reservation.entry().fd(), store::kStartSocket));
    bool has_pid_file = false;
    const launch::Request request{
        .plan = prepared.plan,
        .bundle = prepared.bundle,
        .container_init = std::nullopt,
        .start_listener = listener.get(),
        .console_socket = console.get(),
        .trace = prepared.trace,
        .afterwards = prepared.afterwards,
        .clear_onlcr = prepared.clear_onlcr,
        .state_document = [&state](std::string_view status,
                                   pid_t pid) { return hook_document(state, status, pid); },
        .stage =
            [&](const sys::ProcessIdentity& init) {
                state.init = init;
                const sys::Span span(prepared.trace, "host", "stage-state");
                return stage(reservation.entry(), prepared.config, state);
            },
        .commit = [&](const sys::ProcessIdentity&) -> Result<void> {
            state.root_mount = TRY(mount_at_root(prepared.plan));
            if (!state.root_mount.path.empty()) TRY(reservation.entry().stage_state(state));
            has_pid_file = !options.pid_file.empty();
            const sys::Span span(prepared.trace, "host", "publish-state");
            return commit(reservation.entry(), options, state);
        },
    };
    auto launched = launch::launch(request);
    if (launched) return launched;
    if (has_pid_file) static_cast<void>(sys::remove_file_at(sys::kHere, options.pid_file.c_str()));
    run_poststop(prepared.config.spec, state);
    return launched;
}

}  // namespace

Result<Prepared> prepare(const Settings& settings, const CreateOptions& options,
                         plan::Options::Begin begin) {
    const std::string bundle = TRY(sys::real_path(options.bundle));
    const std::string path = options.config.empty() ? bundle + "/config.json" : options.config;
    const auto& trace = settings.trace;
    auto config = TRY(sys::timed(trace, "load-config", [&] { return load_config(path); }));
    if (config.spec.process) add_listen_fds(config.spec.process->env, options.listen_fds);
    if (!options.notify_socket.empty())
        add_notify_socket(config.spec, concat(settings.root, "/", options.id.str()));
    const auto facts = TRY(sys::timed(trace, "probe-host", host::probe));
    const auto how = plan_options(driver_for(settings, config.spec), options, bundle, begin);
    auto plan = TRY(sys::timed(trace, "compile-plan", [&] {
        return located(plan::compile(config.spec, facts, how), config);
    }));
    log_problems(plan.warnings, {});
    return Prepared{.bundle = bundle,
                    .begin = begin,
                    .trace = trace,
                    .config = std::move(config),
                    .plan = std::move(plan)};
}

Result<Birth> give_birth(const Settings& settings, const CreateOptions& options,
                         plan::Options::Begin begin, Company company) {
    auto prepared = TRY(prepare(settings, options, begin));
    const auto& process = prepared.config.spec.process;
    TRY(check_terminal(process && process->terminal, options.console_socket, company));
    if (company == Company::Detached) prepared.afterwards = launch::Afterwards::Left;
    prepared.clear_onlcr = company == Company::Attached && begin == plan::Options::Begin::AtOnce;
    auto reservation = TRY(sys::timed(settings.trace, "reserve-id",
                                      [&] { return Reservation::make(settings, options.id); }));
    auto state = first_state(prepared, options);
    Readiness readiness;
    if (!options.notify_socket.empty()) TRY(make_notify_directory(reservation.entry()));
    if (begin == plan::Options::Begin::AtOnce)
        readiness = TRY(Readiness::listen(reservation.entry(), options.notify_socket));
    auto launched = TRY(located(make_init(prepared, options, reservation, state), prepared.config));
    return Birth{.config = std::move(prepared.config),
                 .container = {.entry = reservation.keep(), .state = std::move(state)},
                 .launched = std::move(launched),
                 .readiness = std::move(readiness)};
}

Result<void> create(const Settings& settings, const CreateOptions& options) {
    TRY(give_birth(settings, options, plan::Options::Begin::OnStart, Company::Detached));
    return {};
}

Result<Newborn> create_near(const Settings& settings, const CreateOptions& options) {
    auto birth =
        TRY(give_birth(settings, options, plan::Options::Begin::OnStart, Company::Attached));
    return Newborn{.process = birth.launched.process,
                   .console = std::move(birth.launched.console_master)};
}

Result<plan::Plan> plan_of(const Settings& settings, const CreateOptions& options) {
    return TRY(prepare(settings, options, plan::Options::Begin::OnStart)).plan;
}

}  // namespace cleat::lifecycle

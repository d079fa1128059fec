// Room: cli. From structs to the verbs of lifecycle, and from their results to standard output.
#include "commands.hpp"

#include <utility>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/conformance/conformance.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/plan/plan.hpp"
#include "cleat/sys/files.hpp"
#include "cli.hpp"
#include "environment.hpp"
#include "json.hpp"
#include "options.hpp"
#include "output.hpp"
#include "pattern.hpp"
#include "stats_text.hpp"
#include "validate.hpp"

namespace cleat::cli {
namespace {

constexpr int kBroken = 1;

enum class PlanForm { Text, Json };
Result<void> print_plan(const plan::Plan& plan, PlanForm form) {
    std::string text = form == PlanForm::Json ? plan::print_json(plan) : plan::print_text(plan);
    if (!text.ends_with('\n')) text += '\n';
    return print(text);
}

/// `validate DIR` is right, so `plan DIR` is tried: what can be no container's name, or is a
/// bundle's where none would be found otherwise.
bool means_bundle(const PlanArguments& arguments) {
    const auto& id = arguments.id;
    if (id.find('/') != std::string::npos || id == "." || id == ".." || id == "config.json")
        return true;
    const auto is_bundle = [](const std::string& directory) {
        return sys::stat_at(sys::kHere, concat(directory, "/config.json").c_str()).has_value();
    };
    return arguments.config.empty() && !is_bundle(arguments.bundle) && is_bundle(id);
}

/// One function per struct of arguments; each gives the exit status.
class Runner {
 public:
    explicit Runner(lifecycle::Settings settings) : settings_(std::move(settings)) {}

    Result<int> operator()(const TextArguments& arguments) const {
        TRY(print(arguments.text));
        return 0;
    }

    Result<int> operator()(const CreateArguments& arguments) const {
        auto options = TRY(options_of(arguments));
        if (arguments.birth == Birth::Run) {
            return lifecycle::run(
                settings_,
                {.create = std::move(options), .detach = arguments.detach, .keep = arguments.keep});
        }
        TRY(lifecycle::create(settings_, options));
        return 0;
    }

    Result<int> operator()(const ExecArguments& arguments) const {
        const auto options = TRY(options_of(arguments));
        return lifecycle::exec(settings_, options);
    }

    Result<int> operator()(const TargetArguments& arguments) const {
        const auto id = TRY(ContainerId::parse(arguments.id));
        switch (arguments.target) {
            case Target::Start:
                TRY(lifecycle::start(settings_, id, notify_socket()));
                break;
            case Target::Pause:
                TRY(lifecycle::pause(settings_, id));
                break;
            case Target::Resume:
                TRY(lifecycle::resume(settings_, id));
                break;
            case Target::State: {
                const auto view = TRY(lifecycle::state(settings_, id));
                TRY(print(lifecycle::state_json(view) + '\n'));
                break;
            }
            case Target::Wait:
                return lifecycle::wait(settings_, id);
        }
        return 0;
    }

    Result<int> operator()(const KillArguments& arguments) const {
        std::optional<Signal> signal;
        if (arguments.signal) signal = TRY(parse_signal(*arguments.signal));
        const auto whom = arguments.all ? lifecycle::Whom::All : lifecycle::Whom::Init;
        return for_each(arguments.id, arguments.regex, [&](const ContainerId& id) {
            return lifecycle::kill(settings_, id, signal, whom);
        });
    }

    Result<int> operator()(const DeleteArguments& arguments) const {
        const auto force = arguments.force ? lifecycle::Force::Yes : lifecycle::Force::No;
        return for_each(arguments.id, arguments.regex, [&](const ContainerId& id) {
            return lifecycle::remove(settings_, id, force);
        });
    }

    Result<int> operator()(const ListArguments& arguments) const {
        const auto views = TRY(lifecycle::list(settings_));
        for (const auto& view : views)
            if (!view.problem.empty())
                log({.level = LogLevel::Error,
                     .message = concat("list: ", view.state.id, ": ", view.problem)});
        const bool json = arguments.format == "json";
        if (arguments.quiet)
            TRY(print(list_ids(views)));
        else
            TRY(print(json ? list_json(views) : list_table(views)));
        return 0;
    }

    Result<int> operator()(const GcArguments& arguments) const {
        using namespace lifecycle;
        const auto garbage = TRY(collect_garbage(
            settings_, {.stopped = arguments.stopped ? Stopped::Take : Stopped::Keep,
                        .dry_run = arguments.dry_run ? DryRun::Yes : DryRun::No}));
        int status = 0;
        for (const auto& each : garbage) {
            if (each.problem.empty()) {
                TRY(print(concat(each.id, ": ", each.reason, "\n")));
                continue;
            }
            log({.level = LogLevel::Error, .message = concat("gc: ", each.id, ": ", each.problem)});
            status = 1;
        }
        return status;
    }

    Result<int> operator()(const PsArguments& arguments) const {
        const auto id = TRY(ContainerId::parse(arguments.id));
        const auto pids = TRY(lifecycle::processes(settings_, id));
        if (arguments.format == "json") {
            if (!arguments.options.empty()) warn("options for ps(1) have no effect on JSON");
            TRY(print(process_json(pids)));
        } else if (arguments.options.empty()) {
            TRY(print(process_table(pids)));
        } else {
            auto command = arguments.options;
            command.insert(command.begin(), "ps");
            const auto listing = TRY(launch::output_of(command));
            const auto lines = TRY(process_lines(listing, pids));
            TRY(print(lines));
        }
        return 0;
    }

    Result<int> operator()(const EventsArguments& arguments) const {
        const auto interval = TRY(parse_interval(arguments.interval));
        std::vector<cgroup::PressureTrigger> triggers;
        for (const auto& text : arguments.pressure) triggers.push_back(TRY(parse_trigger(text)));
        const auto ids = TRY(ids_of(arguments.ids, arguments.all));
        const auto watching = arguments.all ? lifecycle::Watching::All : lifecycle::Watching::Named;
        const auto show = [](const ContainerId& id, const cgroup::Stats& stats) {
            return print(stats_line(id.str(), stats));
        };
        if (arguments.stats) {
            for (const auto& id : ids) {
                const auto stats = TRY(lifecycle::stats(settings_, id));
                TRY(show(id, stats));
            }
            return 0;
        }
        TRY(lifecycle::watch(
            settings_, ids,
            {.interval = interval,
             .watching = watching,
             .triggers = std::move(triggers),
             .stats = show,
             .oom = [](const ContainerId& id) { return print(oom_line(id.str())); },
             .pressure =
                 [](const ContainerId& id, const cgroup::PressureTrigger& trigger) {
                     return print(pressure_line(id.str(), trigger));
                 }}));
        return 0;
    }

    Result<int> operator()(const StatsArguments& arguments) const {
        std::vector<Usage> usages;
        for (const auto& id : TRY(ids_of(arguments.ids, arguments.all))) {
            auto stats = lifecycle::stats(settings_, id);
            if (!stats && arguments.all) continue;  // it has ended meanwhile
            if (!stats && arguments.ids.size() == 1)
                return std::unexpected(std::move(stats).error());
            if (!stats) return std::unexpected(with_context(std::move(stats).error(), id.str()));
            usages.push_back({.id = id.str(), .stats = *std::move(stats)});
        }
        if (arguments.format == "json")
            TRY(print(stats_array(usages)));
        else
            TRY(print(arguments.format == "table" ? stats_table(usages) : prometheus(usages)));
        return 0;
    }

    Result<int> operator()(const CheckpointArguments& arguments) const {
        const auto id = TRY(ContainerId::parse(arguments.id));
        TRY(lifecycle::checkpoint(settings_, id, arguments.options));
        return 0;
    }

    Result<int> operator()(const RestoreArguments& arguments) const {
        return lifecycle::restore(settings_,
                                  {.id = TRY(ContainerId::parse(arguments.id)),
                                   .bundle = arguments.bundle,
                                   .console_socket = arguments.console_socket,
                                   .pid_file = arguments.pid_file},
                                  arguments.options);
    }

    Result<int> operator()(const MountsArguments& arguments) const {
        const auto id = TRY(ContainerId::parse(arguments.id));
        using enum lifecycle::Mounts;
        const auto document = arguments.file == "-"
                                  ? TRY(sys::read_all(0))
                                  : TRY(sys::read_text_at(sys::kHere, arguments.file.c_str()));
        TRY(lifecycle::change_mounts(settings_, id, arguments.action == "add" ? Add : Remove,
                                     document));
        return 0;
    }

    Result<int> operator()(const UpdateArguments& arguments) const {
        const auto id = TRY(ContainerId::parse(arguments.id));
        if (arguments.json && !arguments.dry_run)
            return fail(ErrorKind::InvalidArgument, "--json is for --dry-run");
        using enum lifecycle::UpdateOptions::Mode;
        const lifecycle::UpdateOptions options{.resources = TRY(read_resources(arguments)),
                                               .rdt_schemata = schemata_of(arguments),
                                               .mode = arguments.dry_run ? DryRun : Apply};
        const auto plan = TRY(lifecycle::update(settings_, id, options));
        if (arguments.dry_run)
            TRY(print_plan(plan, arguments.json ? PlanForm::Json : PlanForm::Text));
        return 0;
    }

    Result<int> operator()(const SpecArguments& arguments) const {
        TRY(lifecycle::write_default_config(
            arguments.bundle, arguments.file,
            arguments.rootless ? lifecycle::Rootless::Yes : lifecycle::Rootless::No));
        return 0;
    }

    Result<int> operator()(const PlanArguments& arguments) const {
        if (means_bundle(arguments))
            return fail(ErrorKind::InvalidArgument,
                        "the argument is the container's id; a bundle is named by --bundle, "
                        "another file by --config");
        CreateArguments create;
        create.id = arguments.id;
        create.bundle = arguments.bundle;
        create.config = arguments.config;
        auto options = TRY(options_of(create));
        options.notify_socket.clear();  // the plan is the bundle's alone
        const auto plan = TRY(lifecycle::plan_of(settings_, options));
        TRY(print_plan(plan, arguments.json ? PlanForm::Json : PlanForm::Text));
        return 0;
    }

    Result<int> operator()(const ConformanceArguments& arguments) const {
        if (!arguments.peers.empty() || !arguments.judged.empty()) {
            const auto compared = TRY(diff_options_of(arguments));
            return TRY(conformance::diff(compared)) ? 0 : kBroken;
        }
        const auto options = TRY(options_of(arguments));
        if (arguments.list) {
            const auto cases = TRY(conformance::list_cases(options));
            TRY(print(cases));
            return 0;
        }
        return TRY(conformance::judge(options)) ? 0 : kBroken;
    }

    Result<int> operator()(const FeaturesArguments& arguments) const {
        const auto document = arguments.host ? TRY(lifecycle::features_json_here(build()))
                                             : lifecycle::features_json(build());
        TRY(print(document + '\n'));
        return 0;
    }

    Result<int> operator()(const ValidateArguments& arguments) const { return validate(arguments); }
    Result<int> operator()(const AuditArguments& arguments) const { return audit(arguments); }

 private:
    /// The containers that are named, or all that are live.
    [[nodiscard]] Result<std::vector<ContainerId>> ids_of(const std::vector<std::string>& names,
                                                          bool all) const {
        if (all != names.empty())
            return fail(ErrorKind::InvalidArgument,
                        all ? "ID and --all exclude each other" : "ID (or --all) is required");
        if (all) return lifecycle::live(settings_);
        std::vector<ContainerId> ids;
        for (const auto& name : names) ids.push_back(TRY(ContainerId::parse(name)));
        return ids;
    }

    /// The container, or all whose ids the pattern matches; every one is tried, and the first
    /// failure is the result.
    template <class Verb>
    [[nodiscard]] Result<int> for_each(const std::string& id_or_pattern, bool is_pattern,
                                       Verb verb) const {
        if (!is_pattern) {
            const auto id = TRY(ContainerId::parse(id_or_pattern));
            TRY(verb(id));
            return 0;
        }
        const auto names = TRY(store::Store(settings_.root).list());
        Result<int> result = 0;
        for (const auto& name : TRY(matching(names, id_or_pattern))) {
            const auto id = TRY(ContainerId::parse(name));
            auto done = verb(id);
            if (!done && result)
                result = std::unexpected(with_context(std::move(done).error(), name));
        }
        return result;
    }

    lifecycle::Settings settings_;
};

}  // namespace

Result<int> carry_out(const Globals& globals, const Arguments& arguments) {
    auto settings = TRY(settings_of(globals));
    return std::visit(Runner(std::move(settings)), arguments);
}

std::string subject_of(const std::string& command, const Arguments& arguments) {
    const auto id = std::visit(
        [](const auto& own) -> std::string {
            if constexpr (requires { own.id; }) return own.id;
            if constexpr (requires { own.ids; }) return join(own.ids, " ");
            return {};
        },
        arguments);
    // The name that a plan has if it is given none says nothing.
    return id.empty() || id == command ? command : concat(command, " ", id);
}

std::uint64_t inherited_by(const Arguments& arguments) {
    return std::visit(
        [](const auto& own) -> std::uint64_t {
            if constexpr (requires { own.preserve_fds; })
                return std::uint64_t{own.preserve_fds} + listen_fds();
            return 0;
        },
        arguments);
}

bool enters_container(const Arguments& arguments) {
    return std::holds_alternative<CreateArguments>(arguments) ||
           std::holds_alternative<ExecArguments>(arguments);
}

}  // namespace cleat::cli

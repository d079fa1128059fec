// Room: cli. The only file that knows CLI11; its exceptions end here.
#include "parse.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <utility>

#include "cleat/base/text.hpp"

namespace cleat::cli {
namespace {

/// Whether flags end at the first argument that is none (`exec ID ls -c`).
enum class Order { Mixed, FlagsFirst };

/// One command: builds its flags around its arguments, and takes what follows the flags.
struct Command {
    const char* name;
    const char* usage;
    const char* summary;
    Order order;
    void (*build)(CLI::App& app, Arguments& arguments);
    Result<void> (*finish)(Arguments& arguments, std::vector<std::string> rest);
};

void add_text(CLI::App& app, const char* name, std::string& out, const char* help) {
    app.add_option(name, out, help)->take_last();
}

void add_optional(CLI::App& app, const char* name, std::optional<std::string>& out,
                  const char* help) {
    app.add_option(name, out, help)->take_last();
}

void add_choice(CLI::App& app, const char* name, std::string& out, std::vector<std::string> words,
                const char* help) {
    app.add_option(name, out, help)->check(CLI::IsMember(std::move(words)))->take_last();
}

void add_count(CLI::App& app, const char* name, std::uint32_t& out, const char* help) {
    app.add_option(name, out, help)->take_last();
}

/// May be given several times; a value is never split and never more than one argument.
template <class T>
void add_list(CLI::App& app, const char* name, std::vector<T>& out, const char* help) {
    app.add_option(name, out, help)->allow_extra_args(false);
}

/// Accepted because engines and scripts pass it; there is nothing to switch.
void add_ignored(CLI::App& app, const char* name, const char* help) {
    app.add_flag(name)->description(help);
}

void add_id(CLI::App& app, std::string& id) {
    app.add_option("ID", id, "the container")->required();
}

template <Target target>
void build_target(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<TargetArguments>(TargetArguments{.target = target, .id = {}});
    add_id(app, own.id);
}

void add_process_channels(CLI::App& app, std::string& console_socket, std::string& pidfd_socket,
                          std::string& pid_file) {
    add_text(app, "--console-socket", console_socket, "send the terminal to this socket");
    add_text(app, "--pidfd-socket", pidfd_socket, "send the process's pidfd to this socket");
    add_text(app, "--pid-file", pid_file, "write the process's pid to this file");
}

CreateArguments& build_birth(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<CreateArguments>();
    add_text(app, "-b,--bundle", own.bundle, "the bundle's directory (default: .)");
    add_text(app, "-f,--config", own.config, "another file than BUNDLE/config.json");
    add_process_channels(app, own.console_socket, own.pidfd_socket, own.pid_file);
    app.add_flag("--no-pivot", own.no_pivot, "move the root instead of pivot_root (ramfs)");
    app.add_flag("--no-new-keyring", own.no_new_keyring, "keep the caller's session keyring");
    add_count(app, "--preserve-fds", own.preserve_fds, "pass on that many descriptors from 3 on");
    add_ignored(app, "--no-subreaper", "accepted, without effect");
    add_id(app, own.id);
    return own;
}

void build_create(CLI::App& app, Arguments& arguments) { build_birth(app, arguments); }

void build_run(CLI::App& app, Arguments& arguments) {
    auto& own = build_birth(app, arguments);
    own.birth = Birth::Run;
    app.add_flag("-d,--detach", own.detach, "do not wait for the container's end");
    app.add_flag("--keep", own.keep, "do not delete the container at its end");
}

void build_exec(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<ExecArguments>();
    add_process_channels(app, own.console_socket, own.pidfd_socket, own.pid_file);
    add_optional(app, "--cwd", own.cwd, "working directory in the container");
    add_list(app, "-e,--env", own.env, "set an environment variable, NAME=VALUE");
    app.add_flag("-t,--tty", own.tty, "give the process a terminal");
    add_optional(app, "-u,--user", own.user, "UID or UID:GID, in numbers");
    add_list(app, "-g,--additional-gids", own.additional_gids, "one more group, a number");
    add_text(app, "-p,--process", own.process_file, "file with the process (JSON)");
    app.add_flag("-d,--detach", own.detach, "do not wait for the process's end");
    add_optional(app, "--process-label", own.process_label, "SELinux label");
    add_optional(app, "--apparmor", own.apparmor, "AppArmor profile");
    app.add_flag("--no-new-privs", own.no_new_privileges, "set no_new_privs");
    add_list(app, "-c,--cap", own.capabilities, "one more capability");
    add_count(app, "--preserve-fds", own.preserve_fds, "pass on that many descriptors from 3 on");
    add_list(app, "--cgroup", own.cgroups, "[CONTROLLER,...:]PATH below the container's cgroup");
    app.add_flag("--ignore-paused", own.ignore_paused, "even if the container is paused");
    add_ignored(app, "--no-subreaper", "accepted, without effect");
}

Result<void> need_id(const std::vector<std::string>& rest) {
    if (rest.empty()) return fail(ErrorKind::InvalidArgument, "ID is required");
    if (rest[0].starts_with('-'))
        return fail(ErrorKind::InvalidArgument, concat("unknown flag ", cleat::quoted(rest[0])));
    return {};
}

Result<void> finish_exec(Arguments& arguments, std::vector<std::string> rest) {
    auto& own = std::get<ExecArguments>(arguments);
    TRY(need_id(rest));
    own.id = rest[0];
    rest.erase(rest.begin());
    if (!rest.empty() && rest[0] == "--") rest.erase(rest.begin());
    own.command = std::move(rest);
    if (own.command.empty() && own.process_file.empty())
        return fail(ErrorKind::InvalidArgument, "COMMAND (or --process) is required");
    return {};
}

void build_kill(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<KillArguments>();
    app.add_flag("-a,--all", own.all, "signal all processes; a stopped container is no error");
    app.add_flag("-r,--regex", own.regex, "ID is a pattern for ids");
}

Result<void> finish_kill(Arguments& arguments, std::vector<std::string> rest) {
    auto& own = std::get<KillArguments>(arguments);
    TRY(need_id(rest));
    if (rest.size() > 2)
        return fail(ErrorKind::InvalidArgument,
                    concat("unexpected argument ", cleat::quoted(rest[2])));
    own.id = rest[0];
    if (rest.size() == 2) own.signal = rest[1];
    return {};
}

void build_delete(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<DeleteArguments>();
    app.add_flag("-f,--force", own.force, "kill it if it runs; missing is no error");
    app.add_flag("-r,--regex", own.regex, "ID is a pattern for ids");
    add_id(app, own.id);
}

void add_format(CLI::App& app, std::string& format) {
    add_choice(app, "-f,--format", format, {"table", "json"}, "table or json (default: table)");
}

void build_list(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<ListArguments>();
    add_format(app, own.format);
    app.add_flag("-q,--quiet", own.quiet, "ids only");
}

void build_ps(CLI::App& app, Arguments& arguments) {
    add_format(app, arguments.emplace<PsArguments>().format);
}

Result<void> finish_ps(Arguments& arguments, std::vector<std::string> rest) {
    auto& own = std::get<PsArguments>(arguments);
    TRY(need_id(rest));
    own.id = rest[0];
    own.options.assign(rest.begin() + 1, rest.end());
    return {};
}

void build_events(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<EventsArguments>();
    add_text(app, "--interval", own.interval, "time between statistics (default: 5s)");
    app.add_flag("--stats", own.stats, "show statistics once, and end");
    add_id(app, own.id);
}

/// What engines pass to both commands, so that the answer is what is missing and not which flag.
void add_criu_flags(CLI::App& app) {
    for (const char* flag : {"--tcp-established", "--ext-unix-sk", "--shell-job", "--file-locks",
                             "--auto-dedup", "--lazy-pages"})
        add_ignored(app, flag, "for CRIU");
    for (const char* flag :
         {"--image-path", "--work-path", "--manage-cgroups-mode", "--empty-ns", "--network-lock"})
        app.add_option(flag)->description("for CRIU")->allow_extra_args(false);
}

void build_checkpoint(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<CriuArguments>();
    add_criu_flags(app);
    for (const char* flag :
         {"--leave-running", "--pre-dump", "--tcp-skip-in-flight", "--link-remap"})
        add_ignored(app, flag, "for CRIU");
    for (const char* flag : {"--parent-path", "--status-fd", "--page-server"})
        app.add_option(flag)->description("for CRIU")->allow_extra_args(false);
    add_id(app, own.id);
}

void build_restore(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<CriuArguments>();
    add_criu_flags(app);
    for (const char* flag : {"-d,--detach", "--no-pivot", "--no-subreaper", "--tcp-close"})
        add_ignored(app, flag, "for CRIU");
    for (const char* flag :
         {"-b,--bundle", "--console-socket", "--pid-file", "--lsm-profile", "--lsm-mount-context"})
        app.add_option(flag)->description("for CRIU")->allow_extra_args(false);
    add_id(app, own.id);
}

std::vector<Limit> all_limits() {
    using enum Limit::Form;
    return {{"--memory", "memory", "limit", Size},
            {"--memory-reservation", "memory", "reservation", Size},
            {"--memory-swap", "memory", "swap", Size},
            {"--kernel-memory", "memory", "kernel", Size},
            {"--kernel-memory-tcp", "memory", "kernelTCP", Size},
            {"--cpu-period", "cpu", "period", Number},
            {"--cpu-quota", "cpu", "quota", Number},
            {"--cpu-burst", "cpu", "burst", Number},
            {"--cpu-share,--cpu-shares", "cpu", "shares", Number},
            {"--cpu-rt-period", "cpu", "realtimePeriod", Number},
            {"--cpu-rt-runtime", "cpu", "realtimeRuntime", Number},
            {"--cpu-idle", "cpu", "idle", Number},
            {"--cpuset-cpus", "cpu", "cpus", Text},
            {"--cpuset-mems", "cpu", "mems", Text},
            {"--pids-limit", "pids", "limit", Number},
            {"--blkio-weight", "blockIO", "weight", Number}};
}

void build_update(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<UpdateArguments>();
    own.limits = all_limits();
    add_text(app, "-r,--resources", own.resources, "file with the resources (JSON), - for stdin");
    for (auto& limit : own.limits)
        add_optional(app, limit.flag, limit.value, concat(limit.group, ".", limit.member).c_str());
    add_text(app, "--l3-cache-schema", own.l3_cache_schema, "refused: no intelRdt group");
    add_text(app, "--mem-bw-schema", own.mem_bw_schema, "refused: no intelRdt group");
    add_id(app, own.id);
}

void build_spec(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<SpecArguments>();
    add_text(app, "-b,--bundle", own.bundle, "where to write it (default: .)");
    add_text(app, "-f,--file", own.file, "its name (default: config.json)");
    app.add_flag("--rootless", own.rootless, "for a container without privileges");
}

void build_plan(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<PlanArguments>();
    add_text(app, "-b,--bundle", own.bundle, "the bundle's directory (default: .)");
    add_text(app, "-f,--config", own.config, "another file than BUNDLE/config.json");
    app.add_flag("--json", own.json, "as JSON");
    app.add_option("ID", own.id, "the container's name in it (default: plan)");
}

void build_features(CLI::App&, Arguments& arguments) { arguments.emplace<FeaturesArguments>(); }

constexpr Command kCommands[] = {
    {"checkpoint", "[flags] ID", "not built in: needs CRIU", Order::Mixed, build_checkpoint,
     nullptr},
    {"create", "[flags] ID", "create a container", Order::Mixed, build_create, nullptr},
    {"delete", "[flags] ID", "delete a container", Order::Mixed, build_delete, nullptr},
    {"events", "[flags] ID", "show statistics and OOMs of a container, as JSON", Order::Mixed,
     build_events, nullptr},
    {"exec", "[flags] ID COMMAND [ARG...]", "run a command in a container", Order::FlagsFirst,
     build_exec, finish_exec},
    {"features", "", "show what this build can do, as JSON", Order::Mixed, build_features, nullptr},
    {"kill", "[flags] ID [SIGNAL]", "send a signal (default: TERM)", Order::FlagsFirst, build_kill,
     finish_kill},
    {"list", "[flags]", "list the containers", Order::Mixed, build_list, nullptr},
    {"pause", "ID", "freeze all processes of a container", Order::Mixed,
     build_target<Target::Pause>, nullptr},
    {"plan", "[flags] [ID]", "show what create would do, and do nothing", Order::Mixed, build_plan,
     nullptr},
    {"ps", "[flags] ID [OPTION OF PS...]", "list the processes of a container", Order::FlagsFirst,
     build_ps, finish_ps},
    {"restore", "[flags] ID", "not built in: needs CRIU", Order::Mixed, build_restore, nullptr},
    {"resume", "ID", "let a paused container go on", Order::Mixed, build_target<Target::Resume>,
     nullptr},
    {"run", "[flags] ID", "create and start a container", Order::Mixed, build_run, nullptr},
    {"spec", "[flags]", "write a config.json to begin with", Order::Mixed, build_spec, nullptr},
    {"start", "ID", "start a created container", Order::Mixed, build_target<Target::Start>,
     nullptr},
    {"state", "ID", "show the state of a container, as JSON", Order::Mixed,
     build_target<Target::State>, nullptr},
    {"update", "[flags] ID", "change limits of a container", Order::Mixed, build_update, nullptr},
};

std::string list_of_commands() {
    constexpr std::size_t kColumn = 12;
    std::string text = "Commands:\n";
    for (const auto& command : kCommands) {
        std::string name = command.name;
        name.resize(kColumn, ' ');
        text += concat("  ", name, command.summary, "\n");
    }
    return text + "\ncleat COMMAND --help shows a command's flags.\n";
}

/// Podman looks for the words "flag needs an argument" to learn which flags a runtime has.
std::string explain(const CLI::ParseError& error, const CLI::App& app) {
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr)
        return concat("flag needs an argument: ", error.what());
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
        const auto rest = app.remaining();
        if (!rest.empty()) return concat("unexpected argument ", cleat::quoted(rest[0]));
    }
    return error.what();
}

/// The flags with what they do, one a line.
std::string list_of_flags(const CLI::App& app) {
    constexpr std::size_t kColumn = 34;
    std::string text = "Flags:\n";
    for (const auto* option : app.get_options()) {
        if (option->get_positional()) continue;
        std::string name = option->get_name(false, true);
        if (option->get_expected_max() > 0) name += " VALUE";
        name.resize(std::max(kColumn, name.size() + 1), ' ');
        text += concat("  ", name, option->get_description(), "\n");
    }
    return text;
}

enum class Asked { Nothing, Help };

/// Fills what the app's flags are bound to; CLI11's own exit codes are not used.
Result<Asked> parse(CLI::App& app, std::vector<std::string> args) {
    app.set_help_flag("-h,--help", "show this help");
    std::ranges::reverse(args);  // CLI11 takes them off the end
    try {
        app.parse(std::move(args));
        return Asked::Nothing;
    } catch (const CLI::CallForHelp&) {
        return Asked::Help;
    } catch (const CLI::ParseError& error) {
        return fail(ErrorKind::InvalidArgument, explain(error, app));
    }
}

void add_globals(CLI::App& app, Beginning& out) {
    auto& own = out.globals;
    add_text(app, "--root", own.root, "where containers are kept (default: /run/cleat)");
    add_text(app, "--log", own.log, "append the log here: [file:]PATH, journald:ID or syslog:ID");
    add_choice(app, "--log-format", own.log_format, {"text", "json"},
               "text or json (default: text)");
    add_choice(app, "--log-level", own.log_level, {"error", "warning", "info", "debug"},
               "error, warning, info or debug (default: error)");
    app.add_flag("--debug", own.debug, "as --log-level debug");
    app.add_flag("--systemd-cgroup", own.systemd_cgroup, "as --cgroup-manager systemd");
    add_choice(app, "--cgroup-manager", own.cgroup_manager, {"cgroupfs", "systemd", "disabled"},
               "cgroupfs, systemd or disabled");
    add_choice(app, "--rootless", own.rootless, {"true", "false", "auto"},
               "true, false or auto; found out in any case");
    app.add_flag("-v,-V,--version", out.version, "show the version");
}

}  // namespace

Result<Beginning> parse_globals(const std::vector<std::string>& args) {
    CLI::App app("cleat: OCI container runtime", "cleat");
    Beginning beginning;
    add_globals(app, beginning);
    app.prefix_command();
    if (TRY(parse(app, args)) == Asked::Help) {
        beginning.help = concat("Usage: cleat [flags] COMMAND ...\n\nOCI container runtime\n\n",
                                list_of_flags(app), "\n", list_of_commands());
    }
    beginning.rest = app.remaining();
    if (!beginning.help.empty() || beginning.version) return beginning;
    if (beginning.rest.empty())
        return fail(ErrorKind::InvalidArgument, "no command is given (see cleat --help)");
    if (beginning.rest[0].starts_with('-'))
        return fail(ErrorKind::InvalidArgument,
                    concat("unknown flag ", cleat::quoted(beginning.rest[0])));
    return beginning;
}

Result<Arguments> parse_command(const std::vector<std::string>& rest) {
    const auto* const command = std::ranges::find(kCommands, rest.at(0), &Command::name);
    if (command == std::end(kCommands))
        return fail(ErrorKind::InvalidArgument, "unknown command (see cleat --help)");
    CLI::App app(command->summary, command->name);
    Arguments arguments;
    command->build(app, arguments);
    if (command->order == Order::FlagsFirst) app.prefix_command();
    std::vector<std::string> args(rest.begin() + 1, rest.end());
    // containerd's restore passes this flag with one dash.
    std::ranges::replace(args, std::string("-no-subreaper"), std::string("--no-subreaper"));
    if (TRY(parse(app, std::move(args))) == Asked::Help) {
        return TextArguments{.text = concat("Usage: cleat ", command->name, " ", command->usage,
                                            "\n\n", command->summary, "\n\n", list_of_flags(app))};
    }
    if (command->finish == nullptr) return arguments;
    auto following = app.remaining();
    if (!following.empty() && following[0] == "--") following.erase(following.begin());
    TRY(command->finish(arguments, std::move(following)));
    return arguments;
}

}  // namespace cleat::cli

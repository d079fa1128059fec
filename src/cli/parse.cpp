// Room: cli. The table of commands, and the parser; exceptions of CLI11 end here.
#include "parse.hpp"

#include <algorithm>
#include <utility>

#include "cleat/base/text.hpp"
#include "flags.hpp"

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

constexpr Command kCommands[] = {
    {"audit", "[flags] [BUNDLE|FILE...]", "find what weakens the isolation of containers",
     Order::Mixed, build_audit, nullptr},
    {"checkpoint", "[flags] ID", "save the processes of a container (CRIU)", Order::Mixed,
     build_checkpoint, nullptr},
    {"conformance", "--runtime PATH [flags]", "judge a runtime by the specification", Order::Mixed,
     build_conformance, nullptr},
    {"create", "[flags] ID", "create a container", Order::Mixed, build_create, nullptr},
    {"delete", "[flags] ID", "delete a container", Order::Mixed, build_delete, nullptr},
    {"events", "[flags] ID...", "show statistics and OOMs of containers, as JSON", Order::Mixed,
     build_events, nullptr},
    {"exec", "[flags] ID COMMAND [ARG...]", "run a command in a container", Order::FlagsFirst,
     build_exec, finish_exec},
    {"features", "", "show what this build can do, as JSON", Order::Mixed, build_features, nullptr},
    {"gc", "[flags]", "remove what crashes and reboots have left", Order::Mixed, build_gc, nullptr},
    {"kill", "[flags] ID [SIGNAL]", "send a signal (default: TERM)", Order::FlagsFirst, build_kill,
     finish_kill},
    {"list", "[flags]", "list the containers", Order::Mixed, build_list, nullptr},
    {"mounts", "add|remove ID FILE", "mount and unmount in a running container", Order::Mixed,
     build_mounts, nullptr},
    {"pause", "ID", "freeze all processes of a container", Order::Mixed,
     build_target<Target::Pause>, nullptr},
    {"plan", "[flags] [ID]", "show what create would do, and do nothing", Order::Mixed, build_plan,
     nullptr},
    {"ps", "[flags] ID [OPTION OF PS...]", "list the processes of a container", Order::FlagsFirst,
     build_ps, finish_ps},
    {"restore", "[flags] ID", "make a container of what was saved", Order::Mixed, build_restore,
     nullptr},
    {"resume", "ID", "let a paused container go on", Order::Mixed, build_target<Target::Resume>,
     nullptr},
    {"run", "[flags] ID", "create and start a container", Order::Mixed, build_run, nullptr},
    {"spec", "[flags]", "write a config.json to begin with", Order::Mixed, build_spec, nullptr},
    {"start", "ID", "start a created container", Order::Mixed, build_target<Target::Start>,
     nullptr},
    {"state", "ID", "show the state of a container, as JSON", Order::Mixed,
     build_target<Target::State>, nullptr},
    {"stats", "[flags] ID...", "show once what containers use", Order::Mixed, build_stats, nullptr},
    {"update", "[flags] ID", "change limits of a container", Order::Mixed, build_update, nullptr},
    {"validate", "[flags] [BUNDLE|FILE...]", "find all that is wrong with documents", Order::Mixed,
     build_validate, nullptr},
    {"wait", "ID", "wait for the end of a container; give its exit status", Order::Mixed,
     build_target<Target::Wait>, nullptr},
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
    std::string text = error.what();
    constexpr std::string_view kUnreadable = "Could not convert: ";
    if (text.starts_with(kUnreadable))
        return concat(text.substr(kUnreadable.size()), ": no number, or out of range");
    return text;
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
    add_choice(app, "--log-format", own.log_format,
               {{"text", "json"}, "text or json (default: text)"});
    add_choice(app, "--log-level", own.log_level,
               {{"error", "warning", "info", "debug"},
                "error, warning, info or debug (default: warning; error with --log)"});
    app.add_flag("--debug", own.debug, "as --log-level debug");
    app.add_flag("--systemd-cgroup", own.systemd_cgroup, "as --cgroup-manager systemd");
    add_text(app, "--trace", own.trace, "append what was done, and its time, to this file (JSON)");
    add_choice(app, "--cgroup-manager", own.cgroup_manager,
               {{"cgroupfs", "systemd", "disabled"}, "cgroupfs, systemd or disabled"});
    add_choice(app, "--rootless", own.rootless,
               {{"true", "false", "auto"}, "true, false or auto; found out in any case"});
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

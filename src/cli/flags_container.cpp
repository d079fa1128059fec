// Room: cli. The flags of create, run, exec and what else handles one container.
#include "cleat/base/text.hpp"
#include "flags.hpp"

namespace cleat::cli {
namespace {

void add_process_channels(CLI::App& app, std::string& console_socket, std::string& pidfd_socket,
                          std::string& pid_file) {
    add_text(app, "--console-socket", console_socket, "send the terminal to this socket");
    add_text(app, "--pidfd-socket", pidfd_socket, "send the process's pidfd to this socket");
    add_text(app, "--pid-file", pid_file, "write the process's pid to this file");
}

}  // namespace

namespace {

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

}  // namespace

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

namespace {

Result<void> need_id(const std::vector<std::string>& rest) {
    if (rest.empty()) return fail(ErrorKind::InvalidArgument, "ID is required");
    if (rest[0].starts_with('-'))
        return fail(ErrorKind::InvalidArgument, concat("unknown flag ", cleat::quoted(rest[0])));
    return {};
}

}  // namespace

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

void build_list(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<ListArguments>();
    add_format(app, own.format);
    app.add_flag("-q,--quiet", own.quiet, "ids only");
}

void build_gc(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<GcArguments>();
    app.add_flag("--stopped", own.stopped, "take every container that has stopped, too");
    app.add_flag("--dry-run", own.dry_run, "tell what would go, and remove nothing");
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

}  // namespace cleat::cli

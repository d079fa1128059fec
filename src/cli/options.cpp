// Room: cli. From the structs that the command line fills to those that the verbs of lifecycle
// take.
#include "options.hpp"

#include <ctime>
#include <optional>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "environment.hpp"
#include "json.hpp"

namespace cleat::cli {

Result<lifecycle::CreateOptions> options_of(const CreateArguments& arguments) {
    const auto id = TRY(ContainerId::parse(arguments.id));
    using enum plan::Options::Keyring;
    return lifecycle::CreateOptions{
        .id = id,
        .bundle = arguments.bundle,
        .config = arguments.config,
        .console_socket = arguments.console_socket,
        .pidfd_socket = arguments.pidfd_socket,
        .pid_file = arguments.pid_file,
        .root_change = arguments.no_pivot ? plan::RootChange::Move : plan::RootChange::Pivot,
        .keyring = arguments.no_new_keyring ? Keep : New,
        .preserve_fds = arguments.preserve_fds,
        .listen_fds = listen_fds(),
        .notify_socket = notify_socket()};
}

Result<lifecycle::ExecOptions> options_of(const ExecArguments& arguments) {
    const auto only_if = [](bool given) { return given ? std::optional(true) : std::nullopt; };
    return lifecycle::ExecOptions{.id = TRY(ContainerId::parse(arguments.id)),
                                  .process_file = arguments.process_file,
                                  .args = arguments.command,
                                  .env = arguments.env,
                                  .cwd = arguments.cwd,
                                  .user = arguments.user,
                                  .additional_gids = arguments.additional_gids,
                                  .capabilities = arguments.capabilities,
                                  .no_new_privileges = only_if(arguments.no_new_privileges),
                                  .apparmor = arguments.apparmor,
                                  .process_label = arguments.process_label,
                                  .terminal = only_if(arguments.tty),
                                  .cgroups = arguments.cgroups,
                                  .console_socket = arguments.console_socket,
                                  .pidfd_socket = arguments.pidfd_socket,
                                  .pid_file = arguments.pid_file,
                                  .detach = arguments.detach,
                                  .ignore_paused = arguments.ignore_paused,
                                  .preserve_fds = arguments.preserve_fds,
                                  .listen_fds = listen_fds()};
}

Result<conformance::Options> options_of(const ConformanceArguments& arguments) {
    if (arguments.parallel == 0 || arguments.timeout == 0)
        return fail(ErrorKind::InvalidArgument, "--jobs and --timeout are at least 1");
    using enum conformance::Format;
    return conformance::Options{.runtimes = arguments.runtimes,
                                .filter = arguments.filter,
                                .known = arguments.known,
                                .suite = arguments.suite,
                                .format = arguments.format == "html"    ? Html
                                          : arguments.format == "junit" ? JUnit
                                                                        : Tap,
                                .file = arguments.file,
                                .parallel = arguments.parallel,
                                .limit = std::chrono::seconds(arguments.timeout)};
}

Result<conformance::DiffOptions> diff_options_of(const ConformanceArguments& arguments) {
    constexpr std::uint32_t kCount = 100;
    constexpr std::uint32_t kEndless = UINT32_MAX;
    if (arguments.timeout == 0) return fail(ErrorKind::InvalidArgument, "--timeout is at least 1");
    if (arguments.peers.empty())
        return fail(ErrorKind::InvalidArgument, "RUNTIME needs --diff (otherwise --runtime PATH)");
    const std::uint32_t otherwise = arguments.seconds > 0 ? kEndless : kCount;
    return conformance::DiffOptions{
        .runtime = arguments.judged,
        .peers = arguments.peers,
        .seed = arguments.seed.value_or(static_cast<std::uint32_t>(std::time(nullptr))),
        .count = arguments.count > 0 ? arguments.count : otherwise,
        .time = std::chrono::seconds(arguments.seconds),
        .limit = std::chrono::seconds(arguments.timeout)};
}

Result<std::string> read_resources(const UpdateArguments& arguments) {
    if (arguments.resources.empty()) return resources_of(arguments);
    for (const auto& limit : arguments.limits)
        if (limit.value)
            return fail(ErrorKind::InvalidArgument,
                        concat(limit.flag, " and --resources exclude each other"));
    if (arguments.resources == "-") return sys::read_all(0);
    return sys::read_text_at(sys::kHere, arguments.resources.c_str());
}

std::vector<std::string> schemata_of(const UpdateArguments& arguments) {
    std::vector<std::string> schemata;
    for (const auto& schema : {arguments.l3_cache_schema, arguments.mem_bw_schema})
        if (!schema.empty()) schemata.push_back(schema);
    return schemata;
}

}  // namespace cleat::cli

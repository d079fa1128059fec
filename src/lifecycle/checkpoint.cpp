// Room: lifecycle. `checkpoint`. Runs in the host process, which asks CRIU for a dump of the
// container's process and all below it.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/host/probe.hpp"
#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "config.hpp"
#include "container.hpp"
#include "criu_mounts.hpp"
#include "criu_session.hpp"
#include "documents.hpp"

namespace cleat::lifecycle {
namespace {

constexpr std::chrono::milliseconds kThawLimit{10000};

Result<Status> check_status(const Container& container) {
    const auto status = TRY(status_of(container));
    if (status == Status::Stopped) return fail(ErrorKind::State, "container not running");
    if (status == Status::Created)
        return fail(ErrorKind::State, "container cannot be checkpointed in created state");
    return status;
}

/// Where the streams of the container's process lead to: pipes are whoever restores it to give.
Result<std::string> descriptors_of(pid_t init) {
    std::vector<std::string> targets;
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        const auto target =
            sys::read_link_at(sys::kHere, concat("/proc/", init, "/fd/", fd).c_str());
        targets.push_back(target ? *target : "/dev/null");
    }
    return strings_json(targets);
}

/// Only these two may CRIU leave as they are; others that were joined it makes anew.
Result<void> name_namespaces(const spec::Spec& spec, CriuOpts& opts) {
    for (const auto& each : spec.linux.namespaces) {
        const bool net = each.type == spec::NamespaceType::Network;
        if (each.path.empty() || (!net && each.type != spec::NamespaceType::Pid)) continue;
        const auto status = TRY(sys::stat_at(sys::kHere, each.path.c_str()));
        opts.text(CriuField::External, concat(kernel::file_of(each.type), "[", status.st_ino,
                                              net ? "]:extRootNetNS" : "]:extRootPidNS"));
    }
    return {};
}

/// The freezer holds all of the container at once, where ptrace(2) would have to find them.
void name_freezer(const store::State& state, CriuOpts& opts) {
    const auto directories = directories_of(state.cgroups);
    const auto* freezer = static_cast<const plan::CgroupDirectory*>(nullptr);
    for (const auto& directory : directories)
        if (std::ranges::find(directory.controllers, "freezer") != directory.controllers.end() ||
            (directory.unified && freezer == nullptr))
            freezer = &directory;
    if (freezer != nullptr) opts.text(CriuField::FreezeCgroup, cgroup::full_path(*freezer));
}

/// CRIU opens the places of mounts by path, and a path with a symlink at its end leads elsewhere.
Result<void> refuse_kept_symlinks(const plan::Plan& plan) {
    for (const auto& step : plan.init) {
        const auto* bind = std::get_if<plan::BindMount>(&step.action);
        if (bind == nullptr || (bind->follow_source && bind->follow_destination)) continue;
        return fail(ErrorKind::Unsupported,
                    concat("CRIU does not know mounts with src-nofollow or dest-nofollow, as on ",
                           bind->destination));
    }
    return {};
}

Result<void> name_mounts(const Container& container, const Config& config, CriuOpts& opts) {
    const auto& state = container.state;
    const plan::Options options{.id = TRY(ContainerId::parse(state.id)),
                                .bundle = state.bundle,
                                .cgroup_driver = driver_of(state.cgroup_driver)};
    const auto facts = TRY(host::probe());
    const auto plan = TRY(plan::compile(config.spec, facts, options));
    TRY(refuse_kept_symlinks(plan));
    const auto mountinfo =
        TRY(sys::read_text_at(sys::kHere, concat("/proc/", state.init.pid, "/mountinfo").c_str()));
    for (const auto& [point, name] : external_mounts(mountinfo, plan))
        opts.pair(CriuField::ExtMnt, point, name);
    return {};
}

Result<void> name_page_server(const std::string& text, CriuOpts& opts) {
    if (text.empty()) return {};
    const auto colon = text.rfind(':');
    const auto port = colon == std::string::npos
                          ? std::nullopt
                          : parse_number<std::uint16_t>(std::string_view(text).substr(colon + 1));
    if (!port || colon == 0)
        return fail(ErrorKind::InvalidArgument, "--page-server must be ADDRESS:PORT");
    opts.page_server(std::string_view(text).substr(0, colon), *port);
    return {};
}

/// What CRIU would only say in its log.
Result<void> name_parent(const CheckpointOptions& options, const CriuDirectories& directories,
                         CriuOpts& opts) {
    opts.flag(CriuField::TrackMem, options.pre_dump || !options.parent_path.empty());
    if (options.parent_path.empty()) return {};
    if (options.parent_path.starts_with('/'))
        return fail(ErrorKind::InvalidArgument, "--parent-path must be relative to the image path");
    const auto parent =
        sys::open_at(directories.images.get(), options.parent_path.c_str(), O_PATH | O_DIRECTORY);
    if (!parent) return std::unexpected(with_context(parent.error(), "--parent-path"));
    opts.text(CriuField::ParentImg, options.parent_path);
    return {};
}

Result<CriuOpts> opts_of(const Container& container, const CheckpointOptions& options,
                         const CriuDirectories& directories) {
    const auto config = TRY(config_of(container));
    CriuOpts opts;
    directories.tell(opts);
    TRY(opts.common(options.criu));
    opts.number(CriuField::Pid, static_cast<std::uint64_t>(container.state.init.pid));
    opts.text(CriuField::Root, container.state.rootfs);
    opts.text(CriuField::ConfigFile, criu_config(container.state.annotations));
    opts.flag(CriuField::LeaveRunning, options.leave_running);
    opts.flag(CriuField::TcpSkipInFlight, options.tcp_skip_in_flight);
    opts.flag(CriuField::LinkRemap, options.link_remap);
    TRY(name_page_server(options.page_server, opts));
    TRY(name_parent(options, directories, opts));
    TRY(name_namespaces(config.spec, opts));
    name_freezer(container.state, opts);
    if (!options.pre_dump) TRY(name_mounts(container, config, opts));
    return opts;
}

/// Whoever waits for lazy pages learns by a zero that they can be had.
Result<void> tell_status(const CriuResponse& notification, const CheckpointOptions& options) {
    if (notification.script != "status-ready" || !options.status_fd) return {};
    const sys::Fd status(static_cast<int>(*options.status_fd));
    return sys::write_all(status.get(), std::string_view("\0", 1));
}

Result<void> dump(const Container& container, const CheckpointOptions& options) {
    const auto directories = TRY(open_criu_directories(options.criu, Images::Written));
    auto opts = TRY(opts_of(container, options, directories));
    if (!options.pre_dump) {
        constexpr mode_t kOwnerOnly = 0600;
        const auto descriptors = TRY(descriptors_of(container.state.init.pid));
        TRY(sys::replace_file_at(directories.images.get(), kDescriptorsFile, descriptors,
                                 kOwnerOnly));
    }
    const auto type = options.pre_dump ? CriuRequest::PreDump : CriuRequest::Dump;
    launch::CriuWork work;
    work.first = [request = std::move(opts).request(type)](pid_t) -> Result<std::string> {
        return request;
    };
    TRY(talk_to_criu(std::move(work), directories,
                     [&options](const CriuResponse& notification, const std::vector<sys::Fd>&) {
                         return tell_status(notification, options);
                     }));
    return {};
}

}  // namespace

bool can_checkpoint() { return launch::has_criu(); }

Result<void> checkpoint(const Settings& settings, const ContainerId& id,
                        const CheckpointOptions& options) {
    if (::geteuid() != 0) return fail(ErrorKind::Unsupported, "CRIU needs root");
    const auto container = TRY(open_container(settings, id));
    const auto before = TRY(check_status(container));
    auto done = dump(container, options);
    // A CRIU that was ended has not thawed what it froze.
    if (!done && before == Status::Running)
        static_cast<void>(cgroup::set_frozen(directories_of(container.state.cgroups),
                                             cgroup::Frozen::No, kThawLimit));
    TRY(std::move(done));
    if (options.leave_running || options.pre_dump) return {};
    return destroy(settings, container);
}

}  // namespace cleat::lifecycle

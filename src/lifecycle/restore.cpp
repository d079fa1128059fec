// Room: lifecycle. `restore`. Runs in the host process: what is on disk of a container is made as
// by create, and CRIU, in the container's cgroups, makes its processes, as children of this one.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <span>
#include <utility>

#include "birth.hpp"
#include "channels.hpp"
#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/message.hpp"
#include "criu_mounts.hpp"
#include "criu_session.hpp"
#include "reservation.hpp"

namespace cleat::lifecycle {
namespace {

constexpr const char* kRoot = "criu-root";

class Restoration {
 public:
    Restoration(const Prepared& prepared, const CreateOptions& create,
                const RestoreOptions& options, const Reservation& reservation)
        : prepared_(prepared),
          create_(create),
          options_(options),
          reservation_(reservation),
          state_(first_state(prepared, create)) {}

    Result<launch::Launched> run();
    [[nodiscard]] store::State take_state() && noexcept { return std::move(state_); }
    /// What a failure has left, which CRIU and the cgroups' end do not take away.
    void undo() const;

 private:
    [[nodiscard]] const store::Entry& entry() const noexcept { return reservation_.entry(); }
    [[nodiscard]] Result<CriuOpts> opts() const;
    [[nodiscard]] Result<void> name_descriptors(CriuOpts& opts) const;
    [[nodiscard]] Result<void> name_namespaces(CriuOpts& opts);
    Result<launch::CriuWork> work();
    Result<void> hear(const CriuResponse& notification, std::vector<sys::Fd> fds);
    [[nodiscard]] Result<void> run_hooks(pid_t pid) const;
    Result<void> know_init(pid_t pid);
    Result<void> take_terminal(std::vector<sys::Fd> fds);

    const Prepared& prepared_;
    const CreateOptions& create_;
    const RestoreOptions& options_;
    const Reservation& reservation_;
    store::State state_;
    CriuDirectories directories_;
    std::vector<sys::Fd> namespaces_;
    sys::Fd console_;
    launch::Launched launched_;
};

/// Pipes are given again by the caller, as its own streams.
Result<void> Restoration::name_descriptors(CriuOpts& opts) const {
    const auto text = TRY(sys::read_text_at(directories_.images.get(), kDescriptorsFile));
    const auto targets = TRY(accept(spec::decode_texts(text), kDescriptorsFile));
    for (std::size_t fd = 0; fd < targets.size() && fd <= STDERR_FILENO; ++fd)
        if (targets[fd].starts_with("pipe:")) opts.inherit(targets[fd], static_cast<int>(fd));
    return {};
}

/// The two that were left as they were are handed over open; the others CRIU joins by their paths.
Result<void> Restoration::name_namespaces(CriuOpts& opts) {
    const auto& all = prepared_.config.spec.linux.namespaces;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& [type, path] = all[i];
        if (path.empty()) continue;
        if (type == spec::NamespaceType::Cgroup)
            return std::unexpected(Error{.kind = ErrorKind::Unsupported,
                                         .what = "CRIU cannot join a cgroup namespace",
                                         .pointer = pointer_push("/linux/namespaces", i)});
        const bool net = type == spec::NamespaceType::Network;
        if (!net && type != spec::NamespaceType::Pid) {
            opts.pair(CriuField::JoinNs, kernel::file_of(type), path);
            continue;
        }
        namespaces_.push_back(TRY(sys::open_at(sys::kHere, path.c_str(), O_RDONLY)));
        const auto before = directories_.paths.size() + namespaces_.size() - 1;
        opts.inherit(net ? "extRootNetNS" : "extRootPidNS",
                     launch::CriuWork::kFirstDescriptor + static_cast<int>(before));
    }
    return {};
}

Result<CriuOpts> Restoration::opts() const {
    CriuOpts opts;
    directories_.tell(opts);
    TRY(opts.common(options_.criu));
    using enum CriuField;
    opts.flag(EvasiveDevices, true);
    opts.flag(RstSibling, true);
    opts.text(Root, concat(entry().path(), "/", kRoot));
    opts.text(ConfigFile, criu_config(state_.annotations));
    opts.flag(TcpClose, options_.tcp_close);
    opts.text(LsmProfile, options_.lsm_profile);
    opts.text(LsmMountContext, options_.lsm_mount_context);
    for (const auto& [name, source] : mount_sources(prepared_.plan))
        opts.pair(ExtMnt, name, source);
    opts.pair(ExtMnt, kNotifyMountPoint, concat(entry().path(), "/", kNotifyDirectory));
    TRY(name_descriptors(opts));
    return opts;
}

/// All that is restored is to be where the worker is, whatever its cgroups were called before.
Result<void> name_cgroups(pid_t worker, CriuOpts& opts) {
    const auto text =
        TRY(sys::read_text_at(sys::kHere, concat("/proc/", worker, "/cgroup").c_str()));
    for (const auto line : split(text, '\n')) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        for (const auto controller : split(line.substr(first + 1, second - first - 1), ','))
            opts.pair(CriuField::CgRoot, controller, line.substr(second + 1));
    }
    return {};
}

Result<launch::CriuWork> Restoration::work() {
    auto opts = TRY(this->opts());
    TRY(name_namespaces(opts));
    launch::CriuWork work{.confinement = &prepared_.plan,
                          .rootfs = state_.rootfs,
                          .mount_point = concat(entry().path(), "/", kRoot)};
    for (const auto& fd : namespaces_) work.descriptors.push_back(fd.get());
    work.first = [opts](pid_t worker) -> Result<std::string> {
        auto own = opts;
        TRY(name_cgroups(worker, own));
        return std::move(own).request(CriuRequest::Restore);
    };
    return work;
}

Result<void> Restoration::run_hooks(pid_t pid) const {
    for (const auto& step : prepared_.plan.host)
        if (const auto* hooks = std::get_if<plan::RunHooks>(&step.action))
            TRY(launch::run_hooks(*hooks, hook_document(state_, "creating", pid),
                                  {.directory = state_.bundle}));
    return {};
}

Result<void> Restoration::know_init(pid_t pid) {
    const auto status = sys::process_stat(pid);
    if (!status) return fail(ErrorKind::System, "the restored process cannot be seen in /proc");
    state_.init = {.pid = pid, .start_time = status->start_time};
    launched_.process = state_.init;
    launched_.pidfd = TRY(sys::open_pidfd(pid));
    return {};
}

Result<void> Restoration::take_terminal(std::vector<sys::Fd> fds) {
    if (fds.empty()) return fail(ErrorKind::System, "criu sent a terminal that is none");
    if (!console_) {
        launched_.console_master = std::move(fds[0]);
        return {};
    }
    constexpr std::string_view kName = "/dev/ptmx";
    const int master = fds[0].get();
    return sys::send_message(console_.get(), std::as_bytes(std::span(kName)),
                             std::span(&master, 1));
}

Result<void> Restoration::hear(const CriuResponse& notification, std::vector<sys::Fd> fds) {
    if (notification.script == "setup-namespaces") return run_hooks(notification.pid);
    if (notification.script == "post-restore") return know_init(notification.pid);
    if (notification.script == "orphan-pts-master") return take_terminal(std::move(fds));
    return {};
}

Result<launch::Launched> Restoration::run() {
    constexpr mode_t kMountPoint = 0755;
    directories_ = TRY(open_criu_directories(options_.criu, Images::Read));
    console_ = TRY(connect_console(create_.console_socket));
    const auto intent = TRY(intent_of(prepared_.plan));
    state_.boot = intent.boot;
    TRY(entry().write_intent(intent));
    TRY(make_notify_directory(entry()));
    TRY(make_mount_points(prepared_.config.spec, state_.rootfs));
    TRY(sys::make_directory_at(entry().fd(), kRoot, kMountPoint));
    auto work = TRY(this->work());
    TRY(talk_to_criu(std::move(work), directories_,
                     [this](const CriuResponse& notification, std::vector<sys::Fd> fds) {
                         return hear(notification, std::move(fds));
                     }));
    TRY(sys::remove_directory_at(entry().fd(), kRoot));
    if (state_.init.pid == 0) return fail(ErrorKind::System, "criu did not say what it restored");
    // Not before: CRIU waits for ever for a process that is killed while it still holds it.
    TRY(stage(entry(), prepared_.config, state_));
    TRY(commit(entry(), create_, state_));
    return std::move(launched_);
}

void Restoration::undo() const {
    if (launched_.pidfd) {
        static_cast<void>(sys::send_signal(launched_.pidfd.get(), Signal{SIGKILL}));
        static_cast<void>(sys::wait_child(state_.init.pid));
        if (!create_.pid_file.empty())
            static_cast<void>(sys::remove_file_at(sys::kHere, create_.pid_file.c_str()));
    }
    run_poststop(prepared_.config.spec, state_);
}

Result<Birth> bring_back(const Settings& settings, const CreateOptions& create,
                         const RestoreOptions& options) {
    if (::geteuid() != 0) return fail(ErrorKind::Unsupported, "CRIU needs root");
    auto prepared = TRY(prepare(settings, create, plan::Options::Begin::OnStart));
    const auto& process = prepared.config.spec.process;
    TRY(check_terminal(process && process->terminal, create.console_socket,
                       options.detach ? Company::Detached : Company::Attached));
    auto reservation = TRY(Reservation::make(settings, create.id));
    Restoration restoration(prepared, create, options, reservation);
    auto launched = restoration.run();
    if (!launched) {
        restoration.undo();
        return std::unexpected(
            located(std::move(launched).error(), prepared.config.text, prepared.config.document));
    }
    auto state = std::move(restoration).take_state();
    return Birth{.config = std::move(prepared.config),
                 .container = {.entry = reservation.keep(), .state = std::move(state)},
                 .launched = *std::move(launched),
                 .readiness = {}};
}

}  // namespace

Result<int> restore(const Settings& settings, const CreateOptions& create,
                    const RestoreOptions& options) {
    auto birth = TRY(bring_back(settings, create, options));
    if (options.detach) return 0;
    auto status = launch::attend(birth.launched);
    const auto gone = destroy(settings, birth.container);
    if (status && !gone) return std::unexpected(gone.error());
    return status;
}

Result<Newborn> restore_near(const Settings& settings, const CreateOptions& create,
                             const RestoreOptions& options) {
    auto birth = TRY(bring_back(settings, create, options));
    return Newborn{.process = birth.launched.process,
                   .console = std::move(birth.launched.console_master)};
}

}  // namespace cleat::lifecycle

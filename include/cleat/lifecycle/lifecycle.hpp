// Room: lifecycle (layer 4). The verbs of the runtime specification and of engines, on containers
// in one state root. Knows OCI states; knows nothing of flags, terminals and exit codes.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/base/ids.hpp"
#include "cleat/cgroup/stats.hpp"
#include "cleat/plan/plan.hpp"
#include "cleat/store/store.hpp"
#include "cleat/sys/fd.hpp"
#include "cleat/sys/process.hpp"
#include "cleat/sys/trace.hpp"

namespace cleat::lifecycle {

/// Global settings of one call.
struct Settings {
    std::string root;  ///< state root
    /// Whether the user named the root. A named root that does not exist is an error in `list`.
    enum class RootOrigin { Default, Named } root_origin = RootOrigin::Default;
    plan::CgroupDriver cgroup_driver = plan::CgroupDriver::Filesystem;
    sys::Trace trace = {};
    /// ByPath: a cgroupsPath that has a scope's form (SLICE:PREFIX:NAME) means systemd in any case.
    enum class Choice { AsSet, ByPath } driver_choice = Choice::AsSet;
};

struct CreateOptions {
    ContainerId id;
    std::string bundle = ".";
    std::string config = {};  ///< another config file; empty: BUNDLE/config.json
    std::string console_socket = {};
    std::string pidfd_socket = {};  ///< a stream socket that gets init's pidfd
    std::string pid_file = {};
    plan::RootChange root_change = plan::RootChange::Pivot;
    plan::Options::Keyring keyring = plan::Options::Keyring::New;
    std::uint32_t preserve_fds = 0;
    std::uint32_t listen_fds = 0;    ///< sd_listen_fds(3): before the preserved ones
    std::string notify_socket = {};  ///< of the caller's service manager, as sd_notify(3) has it
};

struct RunOptions {
    CreateOptions create;
    bool detach = false;
    bool keep = false;
};

struct ExecOptions {
    ContainerId id;
    std::string process_file = {};  ///< -p; else what follows changes the container's own process
    std::string process_text = {};  ///< the document itself, instead of a file
    std::vector<std::string> args = {};
    std::vector<std::string> env = {};
    std::optional<std::string> cwd = {};
    std::optional<std::string> user = {};  ///< "UID[:GID]"
    std::vector<std::uint32_t> additional_gids = {};
    std::vector<std::string> capabilities = {};
    std::optional<bool> no_new_privileges = {};
    std::optional<std::string> apparmor = {};
    std::optional<std::string> process_label = {};
    std::optional<bool> terminal = {};
    std::vector<std::string> cgroups = {};  ///< "[CONTROLLER[,…]:]PATH" below the container's own
    std::string console_socket = {};
    std::string pidfd_socket = {};
    std::string pid_file = {};
    bool detach = false;
    bool ignore_paused = false;
    std::uint32_t preserve_fds = 0;
    std::uint32_t listen_fds = 0;
};

enum class Status { Creating, Created, Running, Paused, Stopped };
[[nodiscard]] std::string_view name_of(Status status) noexcept;

/// A container as `state` and `list` show it. `problem` is set for an entry that cannot be read.
struct View {
    store::State state;
    Status status = Status::Stopped;
    std::string problem = {};
};

[[nodiscard]] Result<void> create(const Settings& settings, const CreateOptions& options);
/// A process that was just made, for a caller who stays near it and keeps its terminal, if it has
/// one, instead of sending it to a console socket.
struct Newborn {
    sys::ProcessIdentity process;
    sys::Fd console;
};
[[nodiscard]] Result<Newborn> create_near(const Settings& settings, const CreateOptions& options);
/// With the caller's `notify_socket` it waits until the container says that it is ready, or ends.
[[nodiscard]] Result<void> start(const Settings& settings, const ContainerId& id,
                                 const std::string& notify_socket = {});
/// The exit status of the container's process; 0 when detached.
[[nodiscard]] Result<int> run(const Settings& settings, const RunOptions& options);
[[nodiscard]] Result<int> exec(const Settings& settings, const ExecOptions& options);
[[nodiscard]] Result<Newborn> exec_near(const Settings& settings, const ExecOptions& options);
[[nodiscard]] Result<View> state(const Settings& settings, const ContainerId& id);
[[nodiscard]] Result<std::vector<View>> list(const Settings& settings);
enum class Whom { Init, All };
/// Without a signal: the one that the image is stopped by (config.md#annotations,
/// org.opencontainers.image.stopSignal), or SIGTERM.
[[nodiscard]] Result<void> kill(const Settings& settings, const ContainerId& id,
                                std::optional<Signal> wanted, Whom whom);
enum class Force { No, Yes };
[[nodiscard]] Result<void> remove(const Settings& settings, const ContainerId& id, Force force);
/// An entry that is left from a crash or an earlier boot. `problem` is set if it could not go.
struct Garbage {
    std::string id;
    std::string reason = {};
    std::string problem = {};
};
enum class Stopped { Keep, Take };  ///< containers that have ended in an ordinary way
enum class DryRun { No, Yes };
struct GcOptions {
    Stopped stopped = Stopped::Keep;
    DryRun dry_run = DryRun::No;
};
/// Removes what nobody can come back for, and tells it.
[[nodiscard]] Result<std::vector<Garbage>> collect_garbage(const Settings& settings,
                                                           const GcOptions& options);
[[nodiscard]] Result<void> pause(const Settings& settings, const ContainerId& id);
[[nodiscard]] Result<void> resume(const Settings& settings, const ContainerId& id);
/// Waits for the end of the container's process and gives its exit status.
[[nodiscard]] Result<int> wait(const Settings& settings, const ContainerId& id);
/// Host pids of all processes of the container.
[[nodiscard]] Result<std::vector<pid_t>> processes(const Settings& settings, const ContainerId& id);
/// What a live container uses now. Errors: State, "container not running".
[[nodiscard]] Result<cgroup::Stats> stats(const Settings& settings, const ContainerId& id);
/// The containers that are live now and have cgroups.
[[nodiscard]] Result<std::vector<ContainerId>> live(const Settings& settings);
/// Tells of live containers until the end of the last, or until the observer fails. One has ended
/// when its process has and, where there is a cgroup v2, no other is left in that.
enum class Watching { Named, All };
struct Observer {
    std::chrono::milliseconds interval;
    /// All: those that are there and those that are created meanwhile, whatever is named.
    Watching watching = Watching::Named;
    std::vector<cgroup::PressureTrigger> triggers = {};
    /// Once each interval.
    std::function<Result<void>(const ContainerId& id, const cgroup::Stats& stats)> stats;
    std::function<Result<void>(const ContainerId& id)> oom;
    std::function<Result<void>(const ContainerId& id, const cgroup::PressureTrigger& trigger)>
        pressure;
};
[[nodiscard]] Result<void> watch(const Settings& settings, const std::vector<ContainerId>& ids,
                                 const Observer& observer);
/// Applies a resources document (JSON text) and lines for the schemata of an intelRdt group to a
/// live container, all of it or nothing; or only says how it would.
struct UpdateOptions {
    std::string resources;  ///< "" for none
    std::vector<std::string> rdt_schemata = {};
    enum class Mode { Apply, DryRun } mode = Mode::Apply;
};
[[nodiscard]] Result<plan::Plan> update(const Settings& settings, const ContainerId& id,
                                        const UpdateOptions& options);
/// Mounts in a running container what an array of mounts (JSON text) says, or takes off what is
/// mounted at their destinations: all of them or none.
enum class Mounts { Add, Remove };
[[nodiscard]] Result<void> change_mounts(const Settings& settings, const ContainerId& id,
                                         Mounts what, const std::string& document);
/// Compiles the bundle's plan and touches nothing.
[[nodiscard]] Result<plan::Plan> plan_of(const Settings& settings, const CreateOptions& options);

/// The first of these annotations that the config.json of a bundle has, or nothing: whether that is
/// a config at all is not looked at. Errors: InvalidConfig, System.
[[nodiscard]] Result<std::string> annotation_of(const std::string& bundle,
                                                std::initializer_list<std::string_view> keys);

/// The state document of the specification (JSON), as `state` prints it, or on one line.
enum class Layout { Pretty, Line };
[[nodiscard]] std::string state_json(const View& view, Layout layout = Layout::Pretty);

/// The name of a user on the host, or "#1000" if /etc/passwd has none.
[[nodiscard]] std::string user_name(std::uint32_t uid);

/// The features document (features.md, features-linux.md): what this build can do.
struct Build {
    std::string version;
    std::string commit;
    std::string libseccomp;
    bool checkpoint = false;  ///< can_checkpoint()
};
[[nodiscard]] std::string features_json(const Build& build);
/// The same with one member more, `host`: what of it the machine at hand has, in the same words.
[[nodiscard]] Result<std::string> features_json_here(const Build& build);

/// A config.json to begin with, for a privileged container or a rootless one.
enum class Rootless { No, Yes };
[[nodiscard]] std::string default_config(Rootless rootless);
/// Writes it to BUNDLE/config.json (or `file` there), which must not exist yet.
[[nodiscard]] Result<void> write_default_config(const std::string& bundle, const std::string& file,
                                                Rootless rootless);

}  // namespace cleat::lifecycle

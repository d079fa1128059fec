// Room: lifecycle. What several verbs ask of a container. Runs in the host process.
#include "container.hpp"

#include <sched.h>

#include <array>
#include <utility>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/spec/annotations.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/process.hpp"

namespace cleat::lifecycle {

std::string_view name_of(Status status) noexcept {
    switch (status) {
        case Status::Creating:
            return "creating";
        case Status::Created:
            return "created";
        case Status::Running:
            return "running";
        case Status::Paused:
            return "paused";
        case Status::Stopped:
            return "stopped";
    }
    return "stopped";
}

std::string_view name_of(plan::CgroupDriver driver) noexcept {
    switch (driver) {
        case plan::CgroupDriver::Filesystem:
            return "cgroupfs";
        case plan::CgroupDriver::Systemd:
            return "systemd";
        case plan::CgroupDriver::Disabled:
            return "disabled";
    }
    return "cgroupfs";
}

plan::CgroupDriver driver_of(std::string_view name) noexcept {
    if (name == "systemd") return plan::CgroupDriver::Systemd;
    if (name == "disabled") return plan::CgroupDriver::Disabled;
    return plan::CgroupDriver::Filesystem;
}

Result<Container> open_container(const Settings& settings, const ContainerId& id) {
    auto entry = TRY(store::Store(settings.root).find(id));
    auto state = TRY(entry.read_state());
    return Container{.entry = std::move(entry), .state = std::move(state)};
}

Result<Config> config_of(const Container& container) {
    auto text = TRY(container.entry.read_config());
    return decode_config(std::move(text), "config.json");
}

Result<Status> status_of(const Container& container) {
    if (!TRY(sys::is_alive(container.state.init))) return Status::Stopped;
    if (TRY(cgroup::frozen(directories_of(container.state.cgroups))) == cgroup::Frozen::Yes)
        return Status::Paused;
    const bool waits = TRY(sys::is_there_at(container.entry.fd(), store::kStartSocket));
    return waits ? Status::Created : Status::Running;
}

cgroup::Directories directories_of(const std::vector<store::KeptCgroup>& kept) {
    cgroup::Directories out;
    for (const auto& cgroup : kept) {
        if (cgroup.mountpoint.empty() || normal_path(cgroup.path) == "/") continue;
        out.push_back({.controllers = cgroup.controllers,
                       .mountpoint = cgroup.mountpoint,
                       .path = cgroup.path,
                       .unified = cgroup.unified});
    }
    return out;
}

plan::Scope scope_of(const store::KeptScope& kept) {
    return {.unit = kept.unit,
            .slice = {},
            .manager = kept.of_user ? plan::ServiceManager::User : plan::ServiceManager::System};
}

store::KeptScope kept_of(const plan::Scope& scope) {
    return {.unit = scope.unit, .of_user = scope.manager == plan::ServiceManager::User};
}

plan::RdtPlace rdt_of(const store::KeptRdt& kept) {
    return {.group = kept.group, .monitor = kept.monitor, .of_container = kept.of_container};
}

store::KeptRdt kept_of(const plan::RdtPlace& rdt) {
    return {.group = rdt.group, .monitor = rdt.monitor, .of_container = rdt.of_container};
}

std::vector<store::KeptCgroup> kept_of(const cgroup::Directories& directories) {
    std::vector<store::KeptCgroup> out;
    out.reserve(directories.size());
    for (const auto& directory : directories) {
        out.push_back({.controllers = directory.controllers,
                       .mountpoint = directory.mountpoint,
                       .path = directory.path,
                       .unified = directory.unified});
    }
    return out;
}

Result<std::uint64_t> differing_namespaces(pid_t pid) {
    constexpr std::uint64_t kNewTime = 0x80;  // CLONE_NEWTIME, <linux/sched.h>
    constexpr std::array<std::pair<const char*, std::uint64_t>, 8> kFiles = {{
        {"cgroup", CLONE_NEWCGROUP},
        {"ipc", CLONE_NEWIPC},
        {"mnt", CLONE_NEWNS},
        {"net", CLONE_NEWNET},
        {"pid", CLONE_NEWPID},
        {"time", kNewTime},
        {"user", CLONE_NEWUSER},
        {"uts", CLONE_NEWUTS},
    }};
    std::uint64_t flags = 0;
    for (const auto& [file, flag] : kFiles) {
        const auto own = sys::stat_at(sys::kHere, concat("/proc/self/ns/", file).c_str());
        if (!own) continue;  // the kernel has no such namespaces
        const auto other =
            TRY(sys::stat_at(sys::kHere, concat("/proc/", pid, "/ns/", file).c_str()));
        if (own->st_ino != other.st_ino || own->st_dev != other.st_dev) flags |= flag;
    }
    return flags;
}

namespace {

/// The files that hooks write to, if annotations name some.
struct HookOutput {
    sys::Fd output;
    sys::Fd errors;

    [[nodiscard]] static Result<HookOutput> open(const spec::Spec& spec) {
        const auto annotations = spec::read_annotations(spec.annotations);
        return HookOutput{.output = TRY(launch::open_hook_output(annotations.hooks_stdout)),
                          .errors = TRY(launch::open_hook_output(annotations.hooks_stderr))};
    }
    [[nodiscard]] launch::HookStreams streams() const {
        return {.output = output.get(), .errors = errors.get()};
    }
};

}  // namespace

Result<void> run_poststart(const spec::Spec& spec, const store::State& state) {
    if (!spec.hooks || spec.hooks->poststart.empty()) return {};
    const auto output = TRY(HookOutput::open(spec));
    return launch::run_hooks({.kind = plan::HookKind::Poststart, .hooks = spec.hooks->poststart},
                             hook_document(state, name_of(Status::Running), state.init.pid),
                             {.streams = output.streams(), .directory = state.bundle});
}

void run_poststop(const spec::Spec& spec, const store::State& state) {
    if (!spec.hooks) return;
    const auto document = hook_document(state, name_of(Status::Stopped), 0);
    auto output = HookOutput::open(spec);
    if (!output) {
        warn(describe(output.error()));
        output = HookOutput{};
    }
    for (const auto& hook : spec.hooks->poststop) {
        const auto done =
            launch::run_hooks({.kind = plan::HookKind::Poststop, .hooks = {hook}}, document,
                              {.streams = output->streams(), .directory = state.bundle});
        if (!done) warn(describe(done.error()), done.error().pointer);
    }
}

}  // namespace cleat::lifecycle

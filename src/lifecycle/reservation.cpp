// Room: lifecycle. What is on disk of a container that is being made. Runs in the host process.
#include "reservation.hpp"

#include <unistd.h>

#include <chrono>

#include "channels.hpp"
#include "cleat/base/text.hpp"
#include "cleat/base/time.hpp"
#include "cleat/spec/annotations.hpp"
#include "cleat/sys/process.hpp"
#include "root_mount.hpp"

namespace cleat::lifecycle {
namespace {

std::string rootfs_of(const Prepared& prepared) {
    const auto& root = prepared.config.spec.root;
    if (!root) return {};
    if (root->path.starts_with('/')) return normal_path(root->path);
    return normal_path(concat(prepared.bundle, "/", root->path));
}

bool makes_pid_namespace(const spec::Spec& spec) {
    for (const auto& each : spec.linux.namespaces)
        if (each.type == spec::NamespaceType::Pid) return each.path.empty();
    return false;
}

}  // namespace

store::State first_state(const Prepared& prepared, const CreateOptions& options) {
    const auto& spec = prepared.config.spec;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return {.oci_version = std::string(spec::kOciVersion),
            .id = options.id.str(),
            .init = {},
            .bundle = prepared.bundle,
            .rootfs = rootfs_of(prepared),
            .created = rfc3339(now, Fraction::Nanoseconds),
            .annotations = spec.annotations,
            .owner = ::geteuid(),
            .cgroup_driver = std::string(name_of(prepared.plan.cgroup_driver)),
            .scope = kept_of(prepared.plan.scope),
            .cgroups = kept_of(prepared.plan.cgroups),
            .rdt = kept_of(prepared.plan.rdt),
            .lacks_process = !spec.process,
            .has_own_pid_namespace = makes_pid_namespace(spec),
            .has_poststart_hooks = spec.hooks && !spec.hooks->poststart.empty(),
            .has_poststop_hooks = spec.hooks && !spec.hooks->poststop.empty()};
}

Result<store::Intent> intent_of(const plan::Plan& plan) {
    const pid_t self = ::getpid();
    const auto status = sys::process_stat(self);
    if (!status) return fail(ErrorKind::System, "cleat cannot see itself in /proc");
    return store::Intent{.creator = {.pid = self, .start_time = status->start_time},
                         .boot = TRY(sys::boot_id()),
                         .scope = kept_of(plan.scope),
                         .cgroups = kept_of(plan.cgroups),
                         .rdt = kept_of(plan.rdt),
                         .covered_mount = TRY(mount_at_root(plan))};
}

Result<void> stage(const store::Entry& entry, const Config& config, const store::State& state) {
    TRY(entry.write_config(config.text));
    return entry.stage_state(state);
}

Result<void> commit(const store::Entry& entry, const CreateOptions& options,
                    const store::State& state) {
    TRY(write_pid_file(options.pid_file, state.init.pid));
    TRY(send_pidfd(options.pidfd_socket, state.init));
    TRY(send_pidfd(spec::read_annotations(state.annotations).pidfd_receiver, state.init));
    return entry.publish_state();
}

}  // namespace cleat::lifecycle

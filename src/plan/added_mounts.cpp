// Room: plan. Mounts for a container that runs already: what lies on the host is opened there, and
// a process in the container's namespaces attaches it.
#include <algorithm>

#include "cleat/base/text.hpp"
#include "container.hpp"
#include "mount_options.hpp"
#include "mounts.hpp"
#include "root.hpp"

namespace cleat::plan {
namespace {

/// A procfs shows the pid namespace of who mounts it, which is not the container's; control groups
/// and flags of other mounts are made with the container.
Result<void> refuse_for_running(const spec::Mount& mount, const std::string& pointer) {
    for (const std::string_view type : {"proc", "cgroup", "cgroup2"})
        if (mount.type == type)
            return refuse(ErrorKind::Unsupported, pointer + "/type",
                          concat("a ", type, " cannot be added to a running container"));
    if (std::ranges::find(mount.options, "remount") != mount.options.end())
        return refuse(ErrorKind::Unsupported, pointer + "/options", "a remount is no mount to add");
    return {};
}

Steps enter(std::uint64_t namespaces, Slot container) {
    Steps init;
    init.add(ProtectInit{});
    init.add(JoinContainer{.flags = namespaces & ~kCloneNewPid, .slot = container});
    if ((namespaces & kCloneNewUser) != 0) init.add(BecomeRoot{});
    return init;
}

}  // namespace

Result<Plan> compile_mounts(const spec::Spec& spec, const HostFacts& facts, const Options& options,
                            std::uint64_t namespaces) {
    constexpr std::string_view kMounts = "/mounts";
    if ((namespaces & kCloneNewMount) == 0)
        return fail(ErrorKind::Unsupported, "the container has no mount namespace of its own");
    for (std::size_t i = 0; i < spec.mounts.size(); ++i)
        TRY(refuse_for_running(spec.mounts[i], concat("/", i)));
    Plan plan{.cgroup_driver = options.cgroup_driver};
    const auto annotations = spec::read_annotations(spec.annotations);
    const Container container{.spec = spec,
                              .facts = facts,
                              .options = options,
                              .annotations = annotations,
                              .namespaces = Namespaces(spec.linux, facts, plan.slots),
                              .plan = plan};
    const Slot pidfd = container.take_slot();
    auto mounts = mount_steps(container);
    if (!mounts) {
        auto error = std::move(mounts).error();
        if (error.pointer.starts_with(kMounts)) error.pointer.erase(0, kMounts.size());
        return std::unexpected(std::move(error));
    }
    Steps init = enter(namespaces, pidfd);
    for (auto& step : std::move(*mounts).take()) {
        // Paths of the host mean nothing where it is attached.
        if (auto* bind = std::get_if<BindMount>(&step.action); bind != nullptr && !bind->slot)
            bind->slot = container.take_slot();
        init.add(std::move(step.action), step.origin.substr(kMounts.size()));
    }
    Steps host;
    host.add(OpenContainer{.slot = pidfd});
    host += open_sources(spec.linux, init);
    plan.host = std::move(host).take();
    plan.init = std::move(init).take();
    return plan;
}

}  // namespace cleat::plan

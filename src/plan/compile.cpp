// Room: plan. The story of a container, told once: what cleat's own process does, and what the
// process does that becomes the container's. The two wait for each other at the gates. Order is
// decided here and nowhere else; broken_invariants() checks it.
#include "cgroup_places.hpp"
#include "confinement.hpp"
#include "container.hpp"
#include "hooks.hpp"
#include "process.hpp"
#include "rdt.hpp"
#include "refusals.hpp"
#include "root.hpp"

namespace cleat::plan {
namespace {

Steps join_keyring(const Container& container) {
    Steps init;
    if (container.options.keyring == Options::Keyring::New)
        init.add(JoinSessionKeyring{.name = "_ses." + container.options.id.str()});
    return init;
}

Steps wait_for_start(const Container& container) {
    Steps init;
    init.add(Report{Gate::Ready});
    init.add(Await{Gate::Committed});
    if (container.options.begin == Options::Begin::OnStart) init.add(AwaitStart{});
    return init;
}

Result<Steps> compile_init(const Container& container) {
    const Subject subject{.process = container.process(),
                          .linux = container.spec.linux,
                          .annotations = container.annotations,
                          .facts = container.facts,
                          .in_user_namespace = container.namespaces.has(spec::NamespaceType::User),
                          .preserve_fds = container.options.preserve_fds,
                          .warnings = container.plan.warnings};
    Steps init;
    // Out of reach of whoever else is in the namespaces to come (CVE-2016-9962).
    init += protect_init(container);
    // Into the cgroups by the host's view of them; a cgroup namespace will be rooted there.
    init += join_cgroups(container);
    // The CPUs of the caller (taskset(1), systemd's CPUAffinity=) are not the container's.
    init.add(SetCpuAffinity{});
    // Into the namespaces that clone could not make; in a user namespace as its root.
    init += enter_namespaces(container);
    // What the namespace shows as its root is the container's to divide.
    init += enter_subgroup(container);
    // The caller's terminal is nothing for the container to type into (CVE-2017-5226).
    init.add(NewSession{});
    // By the host's procfs, which is still the one to trust (CVE-2025-52881).
    init += furnish_namespaces(container);
    // The root is built in the host's view, by paths that are looked up inside it.
    init += TRY(build_root(container));
    // Hooks see it built and not yet entered.
    init += call_container_hooks(container);
    // In, for good: after this there is no host path to open.
    init += TRY(enter_root(container));
    // While all rights are there still.
    init += join_keyring(container);
    init += TRY(limit_steps(subject));
    // A directory or a program that is not there fails `create`, not `start`.
    if (container.spec.process) init += environment_steps(subject);
    // All is done that can be done before the user says so.
    init += wait_for_start(container);
    if (container.spec.process) {
        // The rights go, in the one order in which each step is still allowed to do its work.
        init += identity_steps(subject);
    }
    // The last hooks have the root, the user, the rights and the seccomp filter of the process.
    // Nothing is left open, and nothing of cleat is left.
    init += execute_steps(subject, container.spec.process ? call_start_hooks(container) : Steps{});
    return init;
}

Result<Steps> compile_host(const Container& container, const Steps& init) {
    Steps host;
    // Before there is a process: it is confined from its first instruction on, or waits for it.
    auto confinement = TRY(confine(container));
    host += std::move(confinement.before);
    host += TRY(rdt_steps(container));
    // While every path still means what config.json means by it, and with the rights to open it.
    host += open_namespaces(container.namespaces);
    host += open_sources(container.spec.linux, init);
    host += open_hook_outputs(container);
    // From here on init runs beside this list.
    host += clone_steps(container);
    host += std::move(confinement.beside);
    host += child_steps(container);
    host += join_rdt(container.plan.rdt);
    // From the host's network namespace, in which only this process still is.
    host += net_device_steps(container);
    // Hooks on the host's side see all namespaces and mounts, and the root as it was.
    host += call_runtime_hooks(container);
    // What `create` can fail with has failed by now: the state is written, init may live on alone.
    host.add(Await{Gate::Ready});
    host.add(Report{Gate::Committed});
    return host;
}

/// For what the host opens by this path.
std::optional<Slot> slot_for(const std::string& path, Plan& plan) {
    return path.empty() ? std::nullopt : std::optional(Slot{plan.slots++});
}

}  // namespace

Result<Plan> compile(const spec::Spec& spec, const HostFacts& facts, const Options& options) {
    TRY(refuse_what_cannot_be(spec, facts, options.begin));
    Plan plan{.cgroup_driver = options.cgroup_driver};
    const auto annotations = spec::read_annotations(spec.annotations);
    Namespaces namespaces(spec.linux, facts, plan.slots);
    const Container container{.spec = spec,
                              .facts = facts,
                              .options = options,
                              .annotations = annotations,
                              .namespaces = std::move(namespaces),
                              .hook_output = slot_for(annotations.hooks_stdout, plan),
                              .hook_errors = slot_for(annotations.hooks_stderr, plan),
                              .subgroup = slot_for(annotations.delegate_cgroup, plan),
                              .plan = plan};
    plan.cgroups = TRY(place_cgroups(container));
    Steps init = TRY(compile_init(container));
    // After init, whose steps say which sources the host must open for them.
    plan.host = TRY(compile_host(container, init)).take();
    plan.joiner = joiner_steps(container).take();
    plan.init = std::move(init).take();
    return plan;
}

}  // namespace cleat::plan

// Room: plan. One more process in a running container: the same gates, the same end as for the
// container's first process, and in between one setns(2) instead of a root to build.
#include "cgroup_places.hpp"
#include "container.hpp"
#include "process.hpp"
#include "rdt.hpp"
#include "refusals.hpp"

namespace cleat::plan {
namespace {

struct Member {
    const spec::Process& process;
    const HostFacts& facts;
    const MemberOptions& options;
    Slot container;                 ///< the pidfd of its init
    std::optional<Slot> root = {};  ///< the root directory of its init
    bool keep_groups = false;

    [[nodiscard]] bool joins(std::uint64_t flag) const noexcept {
        return (options.namespaces & flag) != 0;
    }
    /// Clone enters the pid namespace, where a container with CAP_SYS_PTRACE sees and stops the new
    /// process at once: whoever is to be born there must have come from the container's root, with
    /// nothing of the host's open (CVE-2016-9962). A user namespace of the container's own keeps
    /// its root from tracing what was executed outside; but without the host's rights only somebody
    /// who is root in it can enter the pid namespace, and who is root in a user namespace himself
    /// would not get back to a pid namespace that belongs further up (setns(2)).
    [[nodiscard]] bool needs_joiner() const noexcept {
        if (!joins(kCloneNewPid)) return false;
        return !joins(kCloneNewUser) || !has_capability(facts.capabilities, kCapSysAdmin) ||
               is_rootless(facts);
    }
};

Steps compile_host(const Member& member) {
    Steps host;
    host.add(OpenContainer{.slot = member.container, .root = member.root});
    // A pid namespace is joined by being born in it.
    Clone clone{.into_cgroup = unified_index(member.options.cgroups)};
    if (member.joins(kCloneNewPid)) clone.enter_pid_namespace = member.container;
    host.add(clone);
    host += join_rdt(member.options.rdt);
    if (const auto& adjustment = member.process.oom_score_adj)
        host.add(SetOomScoreAdj{.value = *adjustment}, "/process/oomScoreAdj");
    host.add(Await{Gate::Ready});
    host.add(Report{Gate::Committed});
    return host;
}

/// On the CPUs that are asked for from before the cgroup's cpuset applies until after
/// (config.md#linux-process, execCPUAffinity); then, if none are asked for, on all of the cpuset.
Steps join_cgroups(const Member& member) {
    const auto affinity = member.process.exec_cpu_affinity.value_or(spec::ExecCpuAffinity{});
    Steps init;
    if (!affinity.initial.empty())
        init.add(SetCpuAffinity{.cpus = affinity.initial}, "/process/execCPUAffinity/initial");
    if (has_v1(member.options.cgroups)) init.add(JoinCgroups{});
    init.add(SetCpuAffinity{.cpus = affinity.final_},
             affinity.final_.empty() ? "" : "/process/execCPUAffinity/final");
    return init;
}

Steps join_container(const Member& member) {
    Steps steps;
    if (const auto flags = member.options.namespaces & ~kCloneNewPid; flags != 0 || member.root)
        steps.add(JoinContainer{.flags = flags, .slot = member.container, .root = member.root});
    if (member.joins(kCloneNewUser)) steps.add(BecomeRoot{.keep_groups = member.keep_groups});
    return steps;
}

/// From the host into the container, by the joiner or by the process itself.
Steps enter(const Member& member) {
    Steps steps;
    // Before anything is shared with the container, whose root could trace it (CVE-2016-9962).
    steps.add(ProtectInit{});
    // By the host's view of cgroups, and before a cgroup namespace is joined.
    steps += join_cgroups(member);
    steps += join_container(member);
    return steps;
}

Steps set_up_console(const Member& member) {
    Steps init;
    if (member.process.terminal)
        init.add(SetUpConsole{.size = member.process.console_size,
                              .owner = member.process.user.uid,
                              .bind_console = false},
                 "/process/terminal");
    return init;
}

Result<Steps> compile_init(const Member& member, const Subject& subject) {
    Steps init;
    if (member.needs_joiner())
        init.add(ProtectInit{});  // it is the joiner's child, and its own process
    else
        init += enter(member);
    // The caller's terminal stays the caller's (CVE-2017-5226).
    init.add(NewSession{});
    init += set_up_console(member);
    init += TRY(limit_steps(subject));
    init += environment_steps(subject);
    // The pid file is written, and the engine knows the process, before it runs.
    init.add(Report{Gate::Ready});
    init.add(Await{Gate::Committed});
    init += identity_steps(subject);
    init += execute_steps(subject, {});
    return init;
}

}  // namespace

Result<Plan> compile_member(const spec::Spec& spec, const spec::Process& process,
                            const HostFacts& facts, const MemberOptions& options) {
    TRY(refuse_in_process(process, facts));
    const auto annotations = spec::read_annotations(spec.annotations);
    Plan plan{.cgroup_driver = options.cgroup_driver, .cgroups = options.cgroups};
    const Member member{.process = process,
                        .facts = facts,
                        .options = options,
                        .container = Slot{plan.slots++},
                        .root = (options.namespaces & kCloneNewMount) == 0
                                    ? std::optional(Slot{plan.slots++})
                                    : std::nullopt,
                        .keep_groups = annotations.keep_original_groups};
    const Subject subject{.process = process,
                          .linux = spec.linux,
                          .annotations = annotations,
                          .facts = facts,
                          .in_user_namespace = member.joins(kCloneNewUser),
                          .preserve_fds = options.preserve_fds,
                          .makes_cwd = false,
                          .warnings = plan.warnings};
    plan.init = TRY(compile_init(member, subject)).take();
    if (member.needs_joiner()) plan.joiner = enter(member).take();
    plan.host = compile_host(member).take();
    return plan;
}

}  // namespace cleat::plan

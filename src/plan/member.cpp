// Room: plan. One more process in a running container: the same gates, the same end as for the
// container's first process, and in between one setns(2) instead of a root to build.
#include "cgroup_places.hpp"
#include "container.hpp"
#include "process.hpp"
#include "refusals.hpp"

namespace cleat::plan {
namespace {

struct Member {
    const spec::Process& process;
    const HostFacts& facts;
    const MemberOptions& options;
    Slot container;  ///< the pidfd of its init

    [[nodiscard]] bool joins(std::uint64_t flag) const noexcept {
        return (options.namespaces & flag) != 0;
    }
    /// Without the host's rights nothing of the container's can be joined but by who is root in its
    /// user namespace, and clone enters the pid namespace: somebody must be that root before.
    [[nodiscard]] bool needs_joiner() const noexcept {
        return joins(kCloneNewUser) && joins(kCloneNewPid) &&
               !has_capability(facts.capabilities, kCapSysAdmin);
    }
};

Steps compile_host(const Member& member) {
    Steps host;
    host.add(OpenContainer{.slot = member.container});
    // A pid namespace is joined by being born in it.
    Clone clone{.into_cgroup = unified_index(member.options.cgroups)};
    if (member.joins(kCloneNewPid)) clone.enter_pid_namespace = member.container;
    host.add(clone);
    if (const auto& adjustment = member.process.oom_score_adj)
        host.add(SetOomScoreAdj{.value = *adjustment}, "/process/oomScoreAdj");
    host.add(Await{Gate::Ready});
    host.add(Report{Gate::Committed});
    return host;
}

Steps compile_joiner(const Member& member) {
    Steps joiner;
    if (!member.needs_joiner()) return joiner;
    joiner.add(ProtectInit{});
    joiner.add(JoinContainer{.flags = kCloneNewUser, .slot = member.container});
    joiner.add(BecomeRoot{});
    return joiner;
}

void add_affinity(const std::string& cpus, const char* origin, Steps& init) {
    if (!cpus.empty()) init.add(SetCpuAffinity{.cpus = cpus}, origin);
}

/// On the CPUs that are asked for from before the cgroup's cpuset applies until after
/// (config.md#linux-process, execCPUAffinity).
Steps join_cgroups(const Member& member) {
    const auto affinity = member.process.exec_cpu_affinity.value_or(spec::ExecCpuAffinity{});
    Steps init;
    add_affinity(affinity.initial, "/process/execCPUAffinity/initial", init);
    if (has_v1(member.options.cgroups)) init.add(JoinCgroups{});
    add_affinity(affinity.final_, "/process/execCPUAffinity/final", init);
    return init;
}

Steps join_container(const Member& member) {
    const std::uint64_t by_others =
        kCloneNewPid | (member.needs_joiner() ? kCloneNewUser : std::uint64_t{0});
    Steps init;
    if (const auto flags = member.options.namespaces & ~by_others; flags != 0)
        init.add(JoinContainer{.flags = flags, .slot = member.container});
    if (member.joins(kCloneNewUser) && !member.needs_joiner()) init.add(BecomeRoot{});
    return init;
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
    // Before anything is shared with the container, whose root could trace it (CVE-2016-9962).
    init.add(ProtectInit{});
    // By the host's view of cgroups, and before a cgroup namespace is joined.
    init += join_cgroups(member);
    init += join_container(member);
    // The caller's terminal stays the caller's (CVE-2017-5226).
    init.add(NewSession{});
    init += set_up_console(member);
    init += TRY(limit_steps(subject));
    init += environment_steps(subject);
    // The pid file is written, and the engine knows the process, before it runs.
    init.add(Report{Gate::Ready});
    init.add(Await{Gate::Committed});
    init += identity_steps(subject);
    init += execute_steps(subject);
    return init;
}

}  // namespace

Result<Plan> compile_member(const spec::Spec& spec, const spec::Process& process,
                            const HostFacts& facts, const MemberOptions& options) {
    TRY(refuse_in_process(process, facts));
    Plan plan{.cgroup_driver = options.cgroup_driver, .cgroups = options.cgroups};
    const Member member{
        .process = process, .facts = facts, .options = options, .container = Slot{plan.slots++}};
    const Subject subject{.process = process,
                          .linux = spec.linux,
                          .facts = facts,
                          .in_user_namespace = member.joins(kCloneNewUser),
                          .preserve_fds = options.preserve_fds,
                          .warnings = plan.warnings};
    plan.init = TRY(compile_init(member, subject)).take();
    plan.joiner = compile_joiner(member).take();
    plan.host = compile_host(member).take();
    return plan;
}

}  // namespace cleat::plan

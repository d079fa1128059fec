// Room: launch. What init has to itself in memory that it shares.
#include "shared_init.hpp"

#include <sched.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "cleat/kernel/apply.hpp"
#include "walk.hpp"

namespace cleat::launch {
namespace {

/// Init's. Never destroyed: its descriptors are closed by execve(2), in the child's table, and its
/// memory is partly of the child's piece of the heap, which is gone then.
struct Belongings {
    kernel::Context context;
    sys::Fd host_end;
    sys::Fd child_end;
    sys::Fd seccomp_agent;
};

/// The number alone: it is somebody else's descriptor, too, in another table.
sys::Fd number_of(const sys::Fd& fd) noexcept { return sys::Fd(fd.get()); }

std::vector<sys::Fd> numbers_of(const std::vector<sys::Fd>& fds) {
    std::vector<sys::Fd> numbers;
    numbers.reserve(fds.size());
    for (const auto& fd : fds) numbers.push_back(number_of(fd));
    return numbers;
}

/// What was prepared (Host::prepare, and the steps before the clone): the same descriptors, and
/// what only init uses.
void hand_out(kernel::Context& ours, kernel::Context& theirs) {
    theirs.slots = numbers_of(ours.slots);
    theirs.cgroup_tasks = numbers_of(ours.cgroup_tasks);
    theirs.unified_cgroup = number_of(ours.unified_cgroup);
    theirs.proc = number_of(ours.proc);
    theirs.bundle = ours.bundle;
    theirs.env.swap(ours.env);
    theirs.seccomp.swap(ours.seccomp);
}

}  // namespace

bool may_share_memory(const plan::Plan& plan, const plan::Clone& clone) noexcept {
    constexpr std::uint64_t kApart = CLONE_NEWPID;
    constexpr std::uint64_t kNever = CLONE_NEWUSER | CLONE_NEWTIME;
    if (!kHasVfork || !plan.joiner.empty() || clone.enter_pid_namespace) return false;
    if (plan.scope.manager == plan::ServiceManager::User) return false;
    if ((clone.flags & (kApart | kNever)) != kApart) return false;
    for (const auto& step : plan.init) {
        const auto* join = std::get_if<plan::JoinNamespace>(&step.action);
        if (join != nullptr &&
            (join->type == spec::NamespaceType::User || join->type == spec::NamespaceType::Time))
            return false;
        const auto* mount = std::get_if<plan::MountFilesystem>(&step.action);
        if (mount != nullptr && mount->copy_up) return false;
        const auto* seccomp = std::get_if<plan::LoadSeccomp>(&step.action);
        if (seccomp != nullptr && kernel::notifies(seccomp->seccomp)) return false;
    }
    return !has_step<plan::AwaitStart, plan::RunHooks, plan::BecomeRoot, plan::NewTimeNamespace>(
        plan.init);
}

Result<void> SharedInit::begin(const ChildArguments& arguments) {
    auto& theirs = *new Belongings{.context = {},
                                   .host_end = number_of(arguments.host_end),
                                   .child_end = number_of(arguments.child_end),
                                   .seccomp_agent = number_of(arguments.seccomp_agent)};
    hand_out(arguments.context, theirs.context);
    auto begun = vfork_.begin(
        {.flags = arguments.clone.flags, .cgroup = theirs.context.unified_cgroup.get()},
        [init = ChildArguments{.request = arguments.request,
                               .context = theirs.context,
                               .host_end = theirs.host_end,
                               .child_end = theirs.child_end,
                               .seccomp_agent = theirs.seccomp_agent,
                               .clone = arguments.clone}] { run_init(init); });
    if (!begun) {
        theirs.context.env.swap(arguments.context.env);
        theirs.context.seccomp.swap(arguments.context.seccomp);
        return begun;
    }
    begun_ = true;
    return {};
}

Result<Cloned> SharedInit::meet() {
    begun_ = false;
    return vfork_.meet();
}

}  // namespace cleat::launch

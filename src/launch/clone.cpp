// Room: launch. clone3(2).
#include "clone.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "cleat/sys/files.hpp"
#include "cleat/sys/image.hpp"

namespace cleat::launch {

::clone_args arguments_of(const CloneRequest& request) noexcept {
    ::clone_args args{};
    args.flags = request.flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
    // With CLONE_PARENT the child gets the caller's own exit signal, and naming one is refused.
    args.exit_signal = (request.flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
    if (request.cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = static_cast<std::uint64_t>(static_cast<unsigned>(request.cgroup));
    }
    if (args.exit_signal == SIGCHLD) static_cast<void>(::signal(SIGCHLD, SIG_DFL));
    return args;
}

Result<Cloned> clone_process(const CloneRequest& request) {
    int pidfd = -1;
    ::clone_args args = arguments_of(request);
    args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);  // the kernel's interface
    const long pid = ::syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0) return fail_errno("make process", errno);
    if (pid == 0) {
        sys::map_working_image(sys::Kin::Child);
        return Cloned{};
    }
    return Cloned{.pid = static_cast<pid_t>(pid), .pidfd = sys::Fd(pidfd)};
}

namespace {

/// setns(2) for the children to come; gives back the way home. A joiner has none: it ends after its
/// clone, and its /proc is the container's by then.
Result<sys::Fd> enter_pid_namespace(int target, Sibling sibling) {
    sys::Fd home;
    if (sibling == Sibling::No) home = TRY(sys::open_at(sys::kHere, "/proc/self/ns/pid", O_RDONLY));
    if (::setns(target, CLONE_NEWPID) < 0) return fail_errno("enter pid namespace", errno);
    return home;
}

}  // namespace

Result<Cloned> clone_container(const plan::Clone& step, const kernel::Context& context,
                               Sibling sibling) {
    CloneRequest request{.flags = step.flags};
    // The joiner is born there itself: in a user namespace it has no right to the cgroup any more.
    if (sibling == Sibling::No) request.cgroup = context.unified_cgroup.get();
    if (sibling == Sibling::Yes) request.flags |= CLONE_PARENT;
    sys::Fd home;
    if (step.enter_pid_namespace) {
        const sys::Fd& target = context.slots.at(step.enter_pid_namespace->index);
        home = TRY(enter_pid_namespace(target.get(), sibling));
    }
    auto cloned = clone_process(request);
    // A joiner ends here and its child is where it belongs: nobody has to go home, nor might a
    // joiner of a user namespace.
    if (sibling == Sibling::Yes) return cloned;
    // The child, too, goes home: nothing but its own pid namespace matters to it.
    if (home && ::setns(home.get(), CLONE_NEWPID) < 0 && cloned && cloned->pid != 0)
        return fail_errno("leave pid namespace", errno);
    return cloned;
}

}  // namespace cleat::launch

// Room: kernel. Namespaces: opened and checked by the host process; joined, made and given their
// names by init, after the clone and before the root is changed.
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "failed.hpp"
#include "own_ids.hpp"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace cleat::kernel {
namespace {

struct Kind {
    int flag;
    std::string_view name;  ///< the specification's
    const char* file;       ///< in /proc/PID/ns
};

// In the order of spec::NamespaceType.
constexpr std::array<Kind, spec::kNamespaceTypes> kKinds{{
    {CLONE_NEWPID, "pid", "pid"},
    {CLONE_NEWNET, "network", "net"},
    {CLONE_NEWNS, "mount", "mnt"},
    {CLONE_NEWIPC, "ipc", "ipc"},
    {CLONE_NEWUTS, "uts", "uts"},
    {CLONE_NEWUSER, "user", "user"},
    {CLONE_NEWCGROUP, "cgroup", "cgroup"},
    {CLONE_NEWTIME, "time", "time"},
}};
static_assert(static_cast<int>(spec::NamespaceType::Time) == spec::kNamespaceTypes - 1);

const Kind& kind_of(spec::NamespaceType type) noexcept {
    return kKinds[static_cast<std::size_t>(type)];
}

/// "pid, network": for messages.
std::string names_of(std::uint64_t flags) {
    std::string names;
    for (const auto& kind : kKinds) {
        if ((flags & static_cast<std::uint64_t>(kind.flag)) == 0) continue;
        if (!names.empty()) names += ", ";
        names += kind.name;
    }
    return names;
}

int slot_fd(const Context& context, plan::Slot slot) { return context.slots[slot.index].get(); }

bool is_own_namespace(int fd, const char* path, const Context& context) noexcept {
    struct ::stat wanted{};
    struct ::stat own{};
    return ::fstat(fd, &wanted) == 0 && ::fstatat(context.proc.get(), path, &own, 0) == 0 &&
           wanted.st_ino == own.st_ino && wanted.st_dev == own.st_dev;
}

/// Opens a file of this process below the verified procfs for writing. Those files belong to the
/// host's root while init is not dumpable, so a mapped root is let in by being dumpable for as long
/// as the open takes.
Result<sys::Fd> open_own_file(int proc, const char* path) {
    auto file = sys::open_proc_file(proc, path, O_WRONLY);
    if (file || file.error().errno_value != EACCES) return file;
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    file = sys::open_proc_file(proc, path, O_WRONLY);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return file;
}

std::string offsets_text(const plan::NewTimeNamespace& step) {
    std::string text;
    for (const auto& [clock, offset] : step.offsets)
        text += concat(clock, " ", offset.secs, " ", offset.nanosecs, "\n");
    return text;
}

/// time_namespaces(7): the offsets can be set until the first process enters.
Result<void> write_offsets(const plan::NewTimeNamespace& step, int proc) {
    if (step.offsets.empty()) return {};
    const std::string text = offsets_text(step);
    const auto file = open_own_file(proc, "self/timens_offsets");
    if (!file) return std::unexpected(with_context(file.error(), "time offsets"));
    if (::write(file->get(), text.data(), text.size()) < 0)
        return failed("time offsets ", quoted(text));
    return {};
}

/// Nobody may have mounted anything between the procfs root and the last, magic, component.
Result<sys::Fd> open_own_namespace(int proc, const char* name) {
    const sys::Fd directory = TRY(sys::open_proc_file(proc, "self/ns", O_PATH | O_DIRECTORY));
    return sys::open_at(directory.get(), name, O_RDONLY);
}

}  // namespace

const char* file_of(spec::NamespaceType type) noexcept { return kind_of(type).file; }

Result<void> apply(const plan::OpenNamespace& step, Context& context) {
    const Kind& kind = kind_of(step.type);
    // Not blocking: the path may be a fifo as well as anything else.
    auto fd = sys::open_at(sys::kHere, step.path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!fd) return std::unexpected(with_context(fd.error(), concat(kind.name, " namespace")));
    const auto magic = TRY(sys::filesystem_magic(fd->get()));
    if (magic != NSFS_MAGIC || ::ioctl(fd->get(), NS_GET_NSTYPE) != kind.flag)
        return fail(ErrorKind::InvalidConfig, concat("namespace path ", quoted(step.path),
                                                     " is not a ", kind.name, " namespace"));
    // To pivot there would change the root of every process of the host.
    if (step.type == spec::NamespaceType::Mount &&
        is_own_namespace(fd->get(), "self/ns/mnt", context))
        return fail(ErrorKind::InvalidConfig,
                    concat("namespace path ", quoted(step.path),
                           " is the runtime's own mount namespace: leave the entry out"));
    context.slots[step.slot.index] = *std::move(fd);
    return {};
}

Result<void> apply(const plan::JoinNamespace& step, Context& context) {
    const int fd = slot_fd(context, step.slot);
    // Where it leads to, dropping the caller's groups may be denied; without the right it stays so.
    if (step.type == spec::NamespaceType::User && set_own_groups({}) < 0 && errno != EPERM)
        return failed("drop supplementary groups");
    if (::setns(fd, kind_of(step.type).flag) == 0) return {};
    const int error = errno;
    // setns(2) does not enter the user namespace that the process is in already.
    if (error == EINVAL && step.type == spec::NamespaceType::User &&
        is_own_namespace(fd, "self/ns/user", context))
        return {};
    return fail_errno(concat("join ", kind_of(step.type).name, " namespace"), error);
}

Result<void> apply(const plan::JoinContainer& step, Context& context) {
    if (step.flags != 0 && ::setns(slot_fd(context, step.slot), static_cast<int>(step.flags)) < 0)
        return failed("join the container's namespaces (", names_of(step.flags), ")");
    if (step.root) {
        if (::fchdir(slot_fd(context, *step.root)) < 0 || ::chroot(".") < 0)
            return failed("change into the container's root");
    } else if ((step.flags & CLONE_NEWNS) == 0) {
        return {};
    }
    context.root = sys::RootFs(TRY(sys::open_at(sys::kHere, "/", O_PATH | O_DIRECTORY)));
    return {};
}

Result<void> apply(const plan::UnshareNamespaces& step, Context&) {
    if (::unshare(static_cast<int>(step.flags)) < 0)
        return failed("new namespaces (", names_of(step.flags), ")");
    return {};
}

Result<void> apply(const plan::NewTimeNamespace& step, Context& context) {
    if (::unshare(CLONE_NEWTIME) < 0) return failed("new time namespace");
    TRY(write_offsets(step, context.proc.get()));
    // unshare(2) moves only children into it; setns(2) moves this process as well.
    const sys::Fd fd = TRY(open_own_namespace(context.proc.get(), "time_for_children"));
    if (::setns(fd.get(), CLONE_NEWTIME) < 0) return failed("enter the new time namespace");
    return {};
}

Result<void> apply(const plan::BecomeRoot& step, Context&) {
    // A change of ids makes the process dumpable again as the host likes it, and forgets the signal
    // of its creator's death (prctl(2)).
    int death_signal = 0;
    ::prctl(PR_GET_PDEATHSIG, &death_signal, 0, 0, 0);
    if (!step.keep_groups && set_own_groups({}) < 0 && errno != EPERM)
        return failed("drop supplementary groups");
    if (set_own_gid(0) < 0) return failed("become group 0 of the user namespace");
    if (set_own_uid(0) < 0) return failed("become user 0 of the user namespace");
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return failed("make init not dumpable");
    if (::prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) < 0)
        return failed("tie init to its creator");
    return {};
}

Result<void> apply(const plan::JoinCgroups&, Context& context) {
    // "0" is the writer itself; a pid of another process would wait for an RCU grace period.
    for (const auto& tasks : context.cgroup_tasks)
        if (::write(tasks.get(), "0", 1) < 0) return failed("join a cgroup of the container");
    sys::close_all(context.cgroup_tasks);
    return {};
}

Result<void> apply(const plan::EnterSubgroup& step, Context& context) {
    auto& procs = context.slots.at(step.slot.index);
    if (::write(procs.get(), "0", 1) < 0) return failed("move into the delegated cgroup");
    procs.reset();
    return {};
}

Result<void> apply(const plan::SetHostname& step, Context&) {
    if (::sethostname(step.name.data(), step.name.size()) < 0)
        return failed("set hostname ", quoted(step.name));
    return {};
}

Result<void> apply(const plan::SetDomainname& step, Context&) {
    if (::setdomainname(step.name.data(), step.name.size()) < 0)
        return failed("set domainname ", quoted(step.name));
    return {};
}

Result<void> apply(const plan::BringUpLoopback&, Context&) {
    // Any socket takes the ioctl (netdevice(7)); this family needs no IP in the kernel.
    const sys::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return failed("bring up loopback");
    ::ifreq request{};
    std::memcpy(request.ifr_name, "lo", sizeof "lo");
    request.ifr_flags = IFF_UP;
    if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) < 0) return failed("bring up loopback");
    return {};
}

}  // namespace cleat::kernel

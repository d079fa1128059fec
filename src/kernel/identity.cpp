// Room: kernel. Who the container's process is: user, groups, capabilities. Runs in init, last but
// for seccomp and exec. The plan keeps the order: the bounding set first, while CAP_SETPCAP is
// effective; then the user, permitted capabilities kept; then the capabilities themselves.
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <memory>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "failed.hpp"
#include "own_ids.hpp"

namespace cleat::kernel {
namespace {

/// A pipe, or the slave of a pseudo-terminal on a devpts; never another device, whose node is the
/// host's (/dev/null), nor a file that somebody bound there (CVE-2026-88265).
bool is_pipe_or_terminal(int fd, const struct ::stat& status) {
    if (S_ISFIFO(status.st_mode)) return true;
    constexpr unsigned kFirstSlaveMajor = 136;  // Documentation/admin-guide/devices.txt
    constexpr unsigned kLastSlaveMajor = 143;
    if (!S_ISCHR(status.st_mode)) return false;
    const auto major_number = gnu_dev_major(status.st_rdev);
    if (major_number < kFirstSlaveMajor || major_number > kLastSlaveMajor) return false;
    const auto magic = sys::filesystem_magic(fd);
    return magic && *magic == DEVPTS_SUPER_MAGIC;
}

/// The user must be able to reopen /dev/stdin and its like.
Result<void> give_stdio(Uid uid) {
    constexpr auto kKeep = static_cast<gid_t>(-1);
    for (int fd = 0; fd <= 2; ++fd) {
        struct ::stat status{};
        if (::fstat(fd, &status) < 0) continue;
        if (status.st_uid == uid.value || !is_pipe_or_terminal(fd, status)) continue;
        if (::fchown(fd, uid.value, kKeep) == 0) continue;
        // Ids that are not mapped here, somebody else's pipe, a read-only file system.
        if (errno != EINVAL && errno != EPERM && errno != EROFS)
            return failed("give descriptor ", fd, " to uid ", uid.value);
    }
    return {};
}

Result<void> set_groups(const std::vector<Gid>& groups) {
    std::vector<gid_t> ids;
    ids.reserve(groups.size());
    for (const auto group : groups) ids.push_back(group.value);
    if (set_own_groups(ids) == 0) return {};
    const int error = errno;
    // A user namespace that is joined may deny setgroups(2): there is nothing to drop if none are
    // held.
    if (error == EPERM && ids.empty() && ::getgroups(0, nullptr) == 0) return {};
    return fail_errno(concat("set ", groups.size(), " supplementary groups"), error);
}

/// "cap_net_raw" or "capability 70".
std::string name_of(int capability) {
    const std::unique_ptr<char, int (*)(void*)> name(::cap_to_name(capability), ::cap_free);
    return name == nullptr ? concat("capability ", capability) : std::string(name.get());
}

/// The kernel's own form of the sets: 32 bits in each of two structures (capget(2)).
struct CapabilityData {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
};

std::uint64_t permitted_now() {
    CapabilityData now;
    if (::syscall(SYS_capget, &now.header, now.data) < 0) return 0;
    return now.data[0].permitted | std::uint64_t{now.data[1].permitted} << 32U;
}

/// A change from uid 0 leaves what is permitted but makes nothing of it effective.
Result<void> make_permitted_effective() {
    CapabilityData now;
    if (::syscall(SYS_capget, &now.header, now.data) < 0) return failed("read capabilities");
    for (auto& half : now.data) half.effective = half.permitted;
    if (::syscall(SYS_capset, &now.header, now.data) < 0) return failed("keep capabilities");
    return {};
}

/// Which of the capabilities this process does not have: what EPERM means.
std::string missing_of(std::uint64_t wanted) {
    const std::uint64_t missing = wanted & ~permitted_now();
    std::string names;
    for (int capability = 0; capability < 64; ++capability)
        if ((missing >> static_cast<unsigned>(capability) & 1U) != 0)
            names += concat(names.empty() ? " without having " : ", ", name_of(capability));
    return names;
}

Result<void> raise_ambient(std::uint64_t ambient) {
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return failed("clear ambient capabilities");
    for (int capability = 0; ambient >> static_cast<unsigned>(capability) != 0; ++capability) {
        if ((ambient >> static_cast<unsigned>(capability) & 1U) == 0) continue;
        if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
            return failed("raise ambient ", name_of(capability));
    }
    return {};
}

}  // namespace

Result<void> apply(const plan::SetBoundingSet& step, Context&) {
    for (int capability = 0; capability < 64; ++capability) {
        if ((step.bounding >> static_cast<unsigned>(capability) & 1U) != 0) continue;
        if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
        const int error = errno;
        if (error == EINVAL) break;  // beyond the last one that this kernel knows
        // Without CAP_SETPCAP nothing can be dropped, but it may be gone already, or not exist.
        const int present = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
        if (present < 0) break;
        if (present == 0) continue;
        return fail_errno(concat("drop ", name_of(capability), " from the bounding set"), error);
    }
    return {};
}

Result<void> apply(const plan::SetUser& step, Context&) {
    TRY(give_stdio(step.uid));
    if (!step.keep_groups) TRY(set_groups(step.additional_gids));
    if (set_own_gid(step.gid.value) < 0) return failed("set gid ", step.gid.value);
    // Without it a change from uid 0 to another clears the permitted set (capabilities(7)).
    if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return failed("keep capabilities");
    if (set_own_uid(step.uid.value) < 0) return failed("set uid ", step.uid.value);
    // Where fs.suid_dumpable is 1 the change has made it so: this process could be held by whoever
    // has that uid, and may have its parent's memory.
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return failed("become undumpable");
    return step.keep_rights ? make_permitted_effective() : Result<void>{};
}

Result<void> apply(const plan::SetCapabilities& step, Context&) {
    CapabilityData wanted;
    for (unsigned half = 0; half < 2; ++half) {
        wanted.data[half].effective =
            static_cast<std::uint32_t>((step.effective | step.until_exec) >> (32 * half));
        wanted.data[half].permitted =
            static_cast<std::uint32_t>((step.permitted | step.until_exec) >> (32 * half));
        wanted.data[half].inheritable = static_cast<std::uint32_t>(step.inheritable >> (32 * half));
    }
    if (::syscall(SYS_capset, &wanted.header, wanted.data) < 0) {
        const int error = errno;
        return fail_errno(concat("set capabilities", missing_of(step.permitted)), error);
    }
    TRY(raise_ambient(step.ambient));
    if (::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0) return failed("stop keeping capabilities");
    return {};
}

Result<void> apply(const plan::SetNoNewPrivileges&, Context&) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return failed("set no_new_privs");
    return {};
}

}  // namespace cleat::kernel

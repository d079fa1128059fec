// Room: host. Asks the kernel what it is and what it lets this process do; runs in the host
// process, once per command that makes a process, so it counts its system calls.
#include "cleat/host/probe.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "parse.hpp"

namespace cleat::host {
namespace {

plan::Ability present_if(bool condition) {
    return condition ? plan::Ability::Present : plan::Ability::Missing;
}

Result<void> probe_kernel(plan::HostFacts& facts) {
    ::utsname name{};
    if (::uname(&name) < 0) return fail_errno("uname", errno);
    const KernelVersion version = TRY(parse_kernel_release(name.release));
    facts.kernel_major = version.major;
    facts.kernel_minor = version.minor;
    return {};
}

/// capget(2) is one call where /proc/self/status is four.
Result<void> probe_capabilities(plan::HostFacts& facts) {
    constexpr unsigned kHalf = 32;
    ::__user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    ::__user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
    if (::syscall(SYS_capget, &header, data) < 0) return fail_errno("capget", errno);
    facts.capabilities = std::uint64_t{data[1].permitted} << kHalf | data[0].permitted;
    // CAP_CHECKPOINT_RESTORE came in 5.9. Asking for the next one is cheaper than reading
    // /proc/sys/kernel/cap_last_cap, and is EINVAL when there is none (PR_CAPBSET_READ(2const)).
    int last = CAP_CHECKPOINT_RESTORE;
    while (::prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) >= 0) ++last;
    facts.last_capability = last;
    return {};
}

/// The first user namespace has a fixed inode number (USER_NS_INIT_INO of linux/nsfs.h). Its maps
/// are no proof: a namespace in it may have the same.
Result<void> probe_user_namespace(plan::HostFacts& facts) {
    constexpr std::uint64_t kFirstUserNamespace = 0xEFFFFFFDU;
    const auto status = TRY(sys::stat_at(sys::kHere, "/proc/self/ns/user"));
    facts.user_namespace_of_own = present_if(status.st_ino != kFirstUserNamespace);
    return {};
}

bool may_write(const std::string& path) noexcept {
    return ::faccessat(sys::kHere, path.c_str(), W_OK, AT_EACCESS) == 0;
}

/// Who may make a cgroup must be able to move processes into it from beside it, too (cgroup-v2.rst,
/// "Delegation Containment").
plan::Ability probe_delegation(const plan::CgroupHierarchy& hierarchy) {
    const std::string parent = hierarchy.mountpoint + plan::usual_parent(hierarchy);
    return present_if(may_write(parent) && may_write(parent + "/cgroup.procs"));
}

Result<void> probe_cgroups(plan::HostFacts& facts) {
    const auto mountinfo = TRY(sys::read_text_at(sys::kHere, "/proc/self/mountinfo"));
    const auto cgroup = TRY(sys::read_record_at(sys::kHere, "/proc/self/cgroup"));
    facts.cgroups = parse_hierarchies(mountinfo, cgroup);
    facts.cgroup_mode = mode_of(facts.cgroups);
    facts.resctrl = parse_resctrl(mountinfo);
    for (auto& hierarchy : facts.cgroups) {
        if (!hierarchy.unified) continue;
        const std::string file = hierarchy.mountpoint + "/cgroup.controllers";
        const std::string text = TRY(sys::read_record_at(sys::kHere, file.c_str()));
        for (const auto name : split(std::string_view(text).substr(0, text.find('\n')), ' '))
            if (!name.empty()) hierarchy.controllers.emplace_back(name);
        if (plan::is_rootless(facts)) hierarchy.delegated = probe_delegation(hierarchy);
    }
    return {};
}

bool apparmor_enabled() {
    const auto enabled = sys::read_text_at(sys::kHere, "/sys/module/apparmor/parameters/enabled");
    return enabled && enabled->starts_with('Y');
}

}  // namespace

Result<KernelVersion> parse_kernel_release(std::string_view release) {
    constexpr std::uint32_t kMajor = 5;
    constexpr std::uint32_t kMinor = 14;
    const auto dot = release.find('.');
    const auto minor_text = dot == std::string_view::npos ? "" : release.substr(dot + 1);
    const auto major = parse_number<std::uint32_t>(release.substr(0, dot));
    const auto minor = parse_number<std::uint32_t>(
        minor_text.substr(0, minor_text.find_first_not_of("0123456789")));
    if (!major || !minor)
        return fail(ErrorKind::Unsupported, concat("kernel release ", quoted(release),
                                                   " has no version that cleat understands"));
    if (*major < kMajor || (*major == kMajor && *minor < kMinor))
        return fail(ErrorKind::Unsupported,
                    concat("kernel ", *major, ".", *minor, " is too old: cleat needs Linux ",
                           kMajor, ".", kMinor, " or newer"));
    return KernelVersion{.major = *major, .minor = *minor};
}

Result<plan::HostFacts> probe() {
    plan::HostFacts facts;
    TRY(probe_kernel(facts));
    TRY(probe_capabilities(facts));
    TRY(probe_user_namespace(facts));
    facts.euid = Uid{::geteuid()};
    facts.egid = Gid{::getegid()};
    TRY(probe_cgroups(facts));
    facts.apparmor = present_if(apparmor_enabled());
    facts.selinux = present_if(sys::exists_at(sys::kHere, "/sys/fs/selinux/enforce"));
    facts.new_time_namespace = present_if(sys::exists_at(sys::kHere, "/proc/self/ns/time"));
    return facts;
}

}  // namespace cleat::host

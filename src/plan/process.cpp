// Room: plan. The process itself. The same for the container's first process and for `exec`.
#include "process.hpp"

#include <algorithm>
#include <map>
#include <string_view>

#include "capabilities.hpp"
#include "cleat/base/text.hpp"
#include "process_numbers.hpp"

namespace cleat::plan {
namespace {

constexpr std::uint32_t kDefaultUmask = 022;
constexpr std::uint64_t kSysAdmin = std::uint64_t{1} << static_cast<unsigned>(kCapSysAdmin);

/// A variable that occurs more than once has the last value, in the first place (as in runc and
/// crun). An empty HOME counts as missing (as in runc): it is looked up.
std::vector<std::string> effective_env(const std::vector<std::string>& env) {
    std::vector<std::string> effective;
    std::map<std::string_view, std::size_t> places;
    for (const auto& entry : env) {
        const auto name = std::string_view(entry).substr(0, entry.find('='));
        const auto [place, is_new] = places.try_emplace(name, effective.size());
        if (is_new)
            effective.push_back(entry);
        else
            effective[place->second] = entry;
    }
    std::erase(effective, "HOME=");
    return effective;
}

bool has_home(const std::vector<std::string>& env) {
    return std::ranges::any_of(env, [](const auto& entry) { return entry.starts_with("HOME="); });
}

/// The kernel lets an unprivileged user map his own group only after setgroups(2) is denied
/// (user_namespaces(7)); newgidmap(1), which is asked for anything more, is privileged.
bool setgroups_is_denied(const Subject& subject) {
    const auto& facts = subject.facts;
    if (!subject.in_user_namespace) return !has_capability(facts.capabilities, kCapSetgid);
    const auto& maps = subject.linux.gid_mappings;
    return facts.euid != Uid{0} && maps.size() == 1 && maps[0].size == 1 &&
           Gid{maps[0].host_id} == facts.egid;
}

bool has_filter(const Subject& subject) {
    return subject.linux.seccomp || !subject.annotations.seccomp_bpf_data.empty();
}

bool has_listener(const Subject& subject) {
    const auto notifies = [](const spec::SeccompSyscall& rule) {
        return rule.action == spec::SeccompAction::Notify;
    };
    return subject.annotations.seccomp_bpf_data.empty() && subject.linux.seccomp &&
           std::ranges::any_of(subject.linux.seccomp->syscalls, notifies);
}

SetUser user_step(const Subject& subject) {
    const auto& user = subject.process.user;
    SetUser step{.uid = user.uid, .gid = user.gid, .additional_gids = user.additional_gids};
    const bool denied = setgroups_is_denied(subject);
    step.keep_groups = denied || subject.annotations.keep_original_groups;
    step.keep_rights =
        has_filter(subject) && !subject.process.no_new_privileges && user.uid != Uid{0};
    if (denied && !user.additional_gids.empty())
        subject.warnings.push_back({.severity = spec::Severity::Warning,
                                    .pointer = "/process/user/additionalGids",
                                    .message = "groups stay as they are: setgroups is denied in "
                                               "this user namespace",
                                    .position = {}});
    return step;
}

CapabilitySets capabilities(const Subject& subject) {
    // Nothing asked for is nothing granted.
    if (!subject.process.capabilities) return {};
    const auto known = all_capabilities(subject.facts.last_capability);
    return grant_capabilities(
        *subject.process.capabilities,
        subject.in_user_namespace ? known : subject.facts.capabilities & known,
        "/process/capabilities", subject.warnings);
}

void add_seccomp(const Subject& subject, Steps& init) {
    if (!has_filter(subject)) return;
    const auto& annotations = subject.annotations;
    auto profile = subject.linux.seccomp.value_or(spec::Seccomp{});
    if (!annotations.seccomp_bpf_data.empty()) {
        spec::Seccomp bare;
        bare.flags = std::move(profile.flags);
        return init.add(
            LoadSeccomp{.seccomp = std::move(bare), .program = annotations.seccomp_bpf_data},
            "/annotations/run.oci.seccomp_bpf_data");
    }
    const auto unknown =
        annotations.seccomp_fail_unknown_syscall ? UnknownCalls::Refuse : UnknownCalls::Skip;
    init.add(LoadSeccomp{.seccomp = spec::with_receiver(std::move(profile), annotations),
                         .program = {},
                         .unknown_calls = unknown},
             "/linux/seccomp");
}

}  // namespace

Result<Steps> limit_steps(const Subject& subject) {
    const auto& process = subject.process;
    Steps init;
    for (std::size_t i = 0; i < process.rlimits.size(); ++i) {
        const auto& [type, soft, hard] = process.rlimits[i];
        const std::string pointer = pointer_push("/process/rlimits", i);
        const auto resource = rlimit_number(type);
        if (!resource)
            return refuse(ErrorKind::InvalidConfig, pointer + "/type",
                          concat("unknown resource limit ", quoted(type)));
        init.add(SetRlimit{.resource = *resource, .soft = soft, .hard = hard}, pointer);
    }
    if (process.scheduler)
        init.add(SetScheduler{.scheduler = *process.scheduler}, "/process/scheduler");
    if (process.io_priority)
        init.add(SetIoPriority{.io_priority = *process.io_priority}, "/process/ioPriority");
    if (subject.linux.memory_policy)
        init.add(SetMemoryPolicy{.policy = *subject.linux.memory_policy}, "/linux/memoryPolicy");
    if (subject.linux.personality)
        init.add(SetPersonality{.persona = TRY(persona(*subject.linux.personality))},
                 "/linux/personality");
    return init;
}

Steps environment_steps(const Subject& subject) {
    const auto& process = subject.process;
    Steps init;
    init.add(SetUmask{.umask = process.user.umask.value_or(kDefaultUmask)},
             process.user.umask ? "/process/user/umask" : "");
    // As root: the directory may have to be made, and may be one that only the user's own rights
    // or only root's reach. Staying in it needs no rights at all.
    init.add(ChangeDirectory{.cwd = process.cwd, .make = subject.makes_cwd}, "/process/cwd");
    if (!has_home(effective_env(process.env)))
        init.add(SetHome{.uid = process.user.uid}, "/process/user/uid");
    init.add(FindExecutable{.name = process.args.empty() ? "" : process.args.front()},
             "/process/args/0");
    return init;
}

Steps identity_steps(const Subject& subject) {
    const auto& process = subject.process;
    auto granted = capabilities(subject);
    // Without no_new_privs only CAP_SYS_ADMIN may load a filter.
    const bool may_load =
        subject.in_user_namespace || has_capability(subject.facts.capabilities, kCapSysAdmin);
    if (has_filter(subject) && !process.no_new_privileges && may_load)
        granted.sets.until_exec = kSysAdmin;
    Steps init;
    // Labels apply at exec; who may set them is decided by the rights that are about to go.
    if (subject.facts.apparmor == Ability::Present && !process.apparmor_profile.empty())
        init.add(SetAppArmor{.profile = process.apparmor_profile}, "/process/apparmorProfile");
    if (!process.selinux_label.empty())
        init.add(SetSelinuxLabel{.label = process.selinux_label}, "/process/selinuxLabel");
    // Dropping from the bounding set needs CAP_SETPCAP, which is effective only until the uid
    // changes; the permitted set is kept over that change for SetCapabilities to choose from.
    init.add(SetBoundingSet{.bounding = granted.bounding}, "/process/capabilities");
    init.add(user_step(subject), "/process/user");
    init.add(granted.sets, "/process/capabilities");
    if (process.no_new_privileges) init.add(SetNoNewPrivileges{}, "/process/noNewPrivileges");
    return init;
}

Steps execute_steps(const Subject& subject, const Steps& start_hooks) {
    // A filter has one listener, which serves the hooks, too: init loads the filter before them.
    const bool hooks_last = has_listener(subject);
    Steps init;
    if (!hooks_last) init += start_hooks;
    // Nothing that leaves a file open may come between this and Exec (CVE-2024-21626).
    init.add(CloseFds{.preserve = subject.preserve_fds});
    // After the filter init makes one more system call, which every profile must allow: execve(2).
    add_seccomp(subject, init);
    if (hooks_last) init += start_hooks;
    init.add(Exec{.args = subject.process.args, .env = effective_env(subject.process.env)},
             "/process/args");
    return init;
}

}  // namespace cleat::plan

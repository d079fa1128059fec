// Room: plan. Each kind of step in words. A kind without words does not compile.
#include "capabilities.hpp"
#include "cleat/base/text.hpp"
#include "cleat/plan/plan.hpp"
#include "mount_options.hpp"
#include "numbers.hpp"
#include "print.hpp"
#include "process_numbers.hpp"
#include "scope.hpp"

namespace cleat::plan {
namespace {

using Words = std::vector<std::string>;

std::string slot_text(Slot slot) { return concat("slot ", slot.index); }

std::string from_slot(const std::optional<Slot>& slot) {
    return slot ? " from " + slot_text(*slot) : "";
}

std::string or_not(OnFailure on_failure) {
    return on_failure == OnFailure::Ignore ? ", if it can be" : "";
}

std::string limit_text(std::uint64_t value) {
    return value == ~std::uint64_t{0} ? "unlimited" : concat(value);
}

/// The attributes of one mount, or with the prefix "r" of all below it too.
void add_attributes(std::uint64_t set, std::uint64_t clear, const std::string& prefix,
                    Words& words) {
    for (const auto& name : attribute_names(set)) words.push_back(prefix + name);
    // Access times are one field, cleared as a whole: nothing set in it is relatime.
    const bool has_atime = (set & kMountAtimeMask) != 0;
    if ((clear & kMountAtimeMask) != 0 && !has_atime) words.push_back(prefix + "relatime");
    for (const auto& name : attribute_names(clear & ~set & ~kMountAtimeMask))
        words.push_back(concat("not ", prefix, name));
}

Words flag_words(const MountFlags& flags) {
    Words words;
    add_attributes(flags.set, flags.clear, "", words);
    add_attributes(flags.recursive_set, flags.recursive_clear, "r", words);
    for (const auto propagation : flags.propagation) words.push_back(propagation_name(propagation));
    return words;
}

std::string in_brackets(const Words& flags, const Words& data = {}) {
    if (flags.empty() && data.empty()) return "";
    const char* between = flags.empty() || data.empty() ? "" : "; ";
    return concat(" (", join(flags, ", "), between, join(data, ", "), ")");
}

Words data_words(const std::vector<std::pair<std::string, std::string>>& data) {
    Words words;
    for (const auto& [key, value] : data)
        words.push_back(value.empty() ? key : concat(key, "=", value));
    return words;
}

std::string maps_text(const std::vector<spec::IdMapping>& maps) {
    Words words;
    for (const auto& map : maps)
        words.push_back(concat(map.container_id, ":", map.host_id, ":", map.size));
    return join(words, ",");
}

std::string groups_text(const SetUser& step) {
    if (step.keep_groups) return "groups kept";
    Words words;
    for (const auto group : step.additional_gids) words.push_back(concat(group.value));
    return concat("groups ", words.empty() ? "none" : join(words, " "));
}

/// "deny all", "allow c 1:3 rwm".
std::string rule_text(const spec::DeviceRule& rule) {
    const auto number = [](const auto& value) { return value ? concat(*value) : std::string("*"); };
    const std::string access = rule.access.empty() ? "rwm" : rule.access;
    const char* verb = rule.allow ? "allow " : "deny ";
    if (rule.type.empty() || rule.type == "a") return concat(verb, "all");
    return concat(verb, rule.type, " ", number(rule.major), ":", number(rule.minor), " ", access);
}

/// " of the user's systemd (MemoryMax=64, CPUWeight=100)".
std::string properties_text(const Scope& scope, const std::vector<UnitProperty>& properties) {
    Words words;
    for (const auto& property : properties)
        words.push_back(concat(property.name, "=", property_text(property)));
    return concat(" of ", scope.manager == ServiceManager::User ? "the user's" : "the system's",
                  " systemd", in_brackets(words));
}

/// print_step() for each kind.
struct Teller {
    std::string operator()(const StartScope& s) const {
        return concat("start scope ", s.scope.unit, " in ", s.scope.slice,
                      properties_text(s.scope, s.properties));
    }
    std::string operator()(const ChangeScope& s) const {
        return concat("change scope ", s.scope.unit, properties_text(s.scope, s.properties));
    }
    std::string operator()(const MakeCgroup& s) const {
        return concat("make cgroup ", s.cgroup, s.shared ? " (or share it)" : "");
    }
    std::string operator()(const WriteCgroup& s) const {
        const std::string unless =
            s.usage_file.empty() ? "" : concat(" unless ", s.usage_file, " is above");
        return concat("write ", s.keeps_first ? "the first word and " : "", quoted(s.value), " to ",
                      s.file, " of cgroup ", s.cgroup, unless, or_not(s.on_failure));
    }
    std::string operator()(const SetCgroupDevices& s) const {
        Words rules;
        for (const auto& rule : s.rules) rules.push_back(rule_text(rule));
        return concat("set device rules of cgroup ", s.cgroup, or_not(s.on_failure), " (",
                      join(rules, "; "), ")");
    }
    std::string operator()(const DelegateCgroup& s) const {
        return concat("give cgroup ", s.cgroup, " to uid ", s.owner.value);
    }
    std::string operator()(const MakeSubgroup& s) const {
        return concat("make ", s.name, " below cgroup ", s.cgroup, " as ", slot_text(s.slot));
    }
    std::string operator()(const MakeRdtGroup& s) const {
        if (s.owner == RdtOwner::Other) return "find rdt group " + s.group;
        const bool shared = s.owner == RdtOwner::Shared;
        return concat("make rdt group ", s.group, shared ? " (or share it)" : "");
    }
    std::string operator()(const WriteRdtSchema& s) const {
        return concat("write schema ", s.schema, " to rdt group ", s.group);
    }
    std::string operator()(const JoinRdtGroups& s) const {
        return "put the child in rdt group " + join(s.groups, " and ");
    }
    std::string operator()(const OpenNamespace& s) const {
        return concat("open ", spec::name_of(s.type), " namespace ", s.path, " as ",
                      slot_text(s.slot));
    }
    std::string operator()(const MakeIdMapping& s) const {
        return concat("make id mapping uids ", maps_text(s.uid_mappings), " gids ",
                      maps_text(s.gid_mappings), " as ", slot_text(s.slot));
    }
    std::string operator()(const OpenSource& s) const {
        std::string mapped;
        if (s.id_mapping)
            mapped = concat(s.recursive_id_mapping ? ", all mapped by " : ", mapped by ",
                            slot_text(*s.id_mapping));
        return concat("open ", s.follow ? "" : "without following ", s.path,
                      s.recursive ? " and all below it as " : " as ", slot_text(s.slot),
                      s.propagation == 0 ? ", in the peer group of the host's mount" : "", mapped);
    }
    std::string operator()(const OpenContainer& s) const {
        return concat("open the container as ", slot_text(s.slot),
                      s.root ? concat(", its root as ", slot_text(*s.root)) : std::string());
    }
    std::string operator()(const OpenHookOutput& s) const {
        return concat("open ", s.path, " to append to as ", slot_text(s.slot));
    }
    std::string operator()(const Clone& s) const {
        std::string text = "clone";
        if (s.flags != 0) text += concat(" with new ", namespace_names(s.flags));
        if (s.enter_pid_namespace)
            text += concat(", into the pid namespace of ", slot_text(*s.enter_pid_namespace));
        if (s.into_cgroup) text += concat(", into cgroup ", *s.into_cgroup);
        return text;
    }
    std::string operator()(const OpenNewNamespace& s) const {
        return concat("open the new ", spec::name_of(s.type), " namespace as ", slot_text(s.slot));
    }
    std::string operator()(const MoveNetDevice& s) const {
        return concat("move network device ", s.name, " into ", slot_text(s.network_namespace),
                      s.new_name.empty() ? "" : concat(" as ", s.new_name));
    }
    std::string operator()(const WriteIdMaps& s) const {
        return concat("write id maps: uids ", maps_text(s.uid_mappings), ", gids ",
                      maps_text(s.gid_mappings), s.privileged ? "" : ", unprivileged");
    }
    std::string operator()(const SetOomScoreAdj& s) const {
        return concat("set oom_score_adj to ", s.value);
    }
    std::string operator()(const RunHooks& s) const {
        Words paths;
        for (const auto& hook : s.hooks) paths.push_back(hook.path);
        return concat("run hooks ", hook_name(s.kind), in_brackets(paths),
                      s.output ? concat(", output to ", slot_text(*s.output)) : std::string(),
                      s.errors ? concat(", errors to ", slot_text(*s.errors)) : std::string());
    }
    std::string operator()(const Report& s) const { return concat("report: ", gate_name(s.gate)); }
    std::string operator()(const Await& s) const { return concat("await: ", gate_name(s.gate)); }

    std::string operator()(const ProtectInit&) const {
        return "become undumpable and tied to the creator";
    }
    std::string operator()(const JoinCgroups&) const { return "join the cgroups v1"; }
    std::string operator()(const EnterSubgroup& s) const {
        return concat("move into the cgroup", from_slot(s.slot));
    }
    std::string operator()(const JoinNamespace& s) const {
        return concat("join ", spec::name_of(s.type), " namespace", from_slot(s.slot));
    }
    std::string operator()(const JoinContainer& s) const {
        return concat("join ", namespace_names(s.flags), " of the container", from_slot(s.slot));
    }
    std::string operator()(const UnshareNamespaces& s) const {
        return concat("unshare ", namespace_names(s.flags));
    }
    std::string operator()(const NewTimeNamespace& s) const {
        Words words;
        for (const auto& [clock, offset] : s.offsets)
            words.push_back(concat(clock, " ", offset.secs, " s ", offset.nanosecs, " ns"));
        return "enter a new time namespace" + in_brackets(words);
    }
    std::string operator()(const BecomeRoot& s) const {
        return concat("become root of the user namespace", s.keep_groups ? ", groups kept" : "");
    }
    std::string operator()(const NewSession&) const { return "start a session"; }
    std::string operator()(const BringUpLoopback&) const { return "bring up loopback"; }
    std::string operator()(const SetHostname& s) const { return "set hostname " + s.name; }
    std::string operator()(const SetDomainname& s) const { return "set domainname " + s.name; }
    std::string operator()(const SetSysctl& s) const {
        return concat("set sysctl ", s.key, " to ", quoted(s.value));
    }

    std::string operator()(const SetPropagation& s) const {
        return "make all mounts " + propagation_name(s.propagation);
    }
    std::string operator()(const OpenRoot& s) const {
        return concat(s.clone ? "clone root " : "open root ", s.path, from_slot(s.slot),
                      s.clone ? concat(" (", propagation_name(s.propagation | kRecursive), ")")
                              : std::string());
    }
    std::string operator()(const MountFilesystem& s) const {
        Words flags = flag_words(s.flags);
        if (s.copy_up) flags.emplace_back("tmpcopyup");
        const bool falls_back = s.fallback == FilesystemFallback::BindHost;
        return concat("mount ", s.type, " at ", s.destination, from_slot(s.filled_by),
                      in_brackets(flags, data_words(s.data)),
                      falls_back ? ", else bind the host's" : "");
    }
    std::string operator()(const BindMount& s) const {
        Words flags = flag_words(s.flags);
        if (!s.follow_source) flags.emplace_back("src-nofollow");
        if (!s.follow_destination) flags.emplace_back("dest-nofollow");
        if (s.copy_symlink) flags.emplace_back("copy-symlink");
        if (!s.uid_mappings.empty())
            flags.push_back(concat(s.recursive_idmap ? "ridmap" : "idmap", " uids ",
                                   maps_text(s.uid_mappings), " gids ", maps_text(s.gid_mappings)));
        else if (s.id_mapping)
            flags.push_back(
                concat(s.recursive_idmap ? "ridmap" : "idmap", " by ", slot_text(*s.id_mapping)));
        return concat(s.recursive ? "rbind " : "bind ", s.source,
                      s.source_in_root ? " of the container at " : " at ", s.destination,
                      from_slot(s.slot), in_brackets(flags));
    }
    std::string operator()(const Remount& s) const {
        return concat("remount ", s.destination, in_brackets(flag_words(s.flags)));
    }
    std::string operator()(const MountCgroups& s) const {
        Words names;
        for (const auto& view : s.views) names.push_back(view.name);
        return concat(s.own_namespace ? "mount " : "bind ", s.unified ? "cgroup2" : "cgroups",
                      " at ", s.destination, in_brackets(flag_words(s.flags), names));
    }
    std::string operator()(const MakeDevice& s) const {
        const char* verb = s.source == DeviceSource::BindHost ? "bind" : "make";
        const std::string number = s.type == "p" ? "" : concat(" ", s.major, ":", s.minor);
        return concat(verb, " device ", s.path, from_slot(s.slot), " (", s.type, number, ", mode ",
                      octal(s.mode), ", owner ", s.uid.value, ":", s.gid.value, ")");
    }
    std::string operator()(const MakeSymlink& s) const {
        return concat("link ", s.path, " to ", s.target);
    }
    std::string operator()(const SetUpConsole& s) const {
        return concat("set up console for uid ", s.owner.value,
                      s.size ? concat(", ", s.size->width, "x", s.size->height) : std::string(),
                      s.bind_console ? ", at /dev/console too" : "");
    }
    std::string operator()(const ChangeRoot& s) const {
        return concat("change root (", root_change_name(s.how), ")");
    }
    std::string operator()(const MakeDirectory& s) const {
        return concat("make directory ", s.path);
    }
    std::string operator()(const SetMountReadonly& s) const {
        return concat("make ", s.destination, " read-only");
    }
    std::string operator()(const SetRootReadonly&) const { return "make root read-only"; }
    std::string operator()(const SetRootPropagation& s) const {
        return "make root " + propagation_name(s.propagation);
    }
    std::string operator()(const MaskPath& s) const { return "mask " + s.path; }
    std::string operator()(const MakePathReadonly& s) const {
        return concat("make ", s.path, " read-only");
    }

    std::string operator()(const JoinSessionKeyring& s) const {
        return "join session keyring " + s.name;
    }
    std::string operator()(const SetRlimit& s) const {
        return concat("set ", rlimit_name(s.resource), " to ", limit_text(s.soft), " of ",
                      limit_text(s.hard));
    }
    std::string operator()(const SetScheduler& s) const {
        return "set scheduler " + s.scheduler.policy;
    }
    std::string operator()(const SetIoPriority& s) const {
        return concat("set i/o priority ", s.io_priority.class_, " ", s.io_priority.priority);
    }
    std::string operator()(const SetCpuAffinity& s) const {
        return s.cpus.empty() ? "run on all cpus of the cpuset" : "run on cpus " + s.cpus;
    }
    std::string operator()(const SetMemoryPolicy& s) const {
        return concat("set memory policy ", s.policy.mode, " on nodes ", quoted(s.policy.nodes));
    }
    std::string operator()(const SetPersonality& s) const {
        return concat("set personality ", s.persona);
    }
    std::string operator()(const SetUmask& s) const { return "set umask " + octal(s.umask); }
    std::string operator()(const ChangeDirectory& s) const {
        return concat("change directory to ", s.cwd, s.make ? "" : ", which exists");
    }
    std::string operator()(const SetHome& s) const {
        return concat("find HOME of uid ", s.uid.value);
    }
    std::string operator()(const FindExecutable& s) const { return "find executable " + s.name; }
    std::string operator()(const AwaitStart&) const { return "await start"; }
    std::string operator()(const SetAppArmor& s) const {
        return "at exec, be confined by AppArmor profile " + s.profile;
    }
    std::string operator()(const SetSelinuxLabel& s) const {
        return "at exec, be labelled for SELinux as " + s.label;
    }
    std::string operator()(const SetUser& s) const {
        return concat("become uid ", s.uid.value, ", gid ", s.gid.value, ", ", groups_text(s),
                      s.keep_rights ? ", rights kept" : "");
    }
    std::string operator()(const SetBoundingSet& s) const {
        return "bound capabilities to " + capability_names(s.bounding);
    }
    std::string operator()(const SetCapabilities& s) const {
        return concat("set capabilities: effective ", capability_names(s.effective), "; permitted ",
                      capability_names(s.permitted), "; inheritable ",
                      capability_names(s.inheritable), "; ambient ", capability_names(s.ambient),
                      s.until_exec == 0 ? std::string()
                                        : concat("; until exec ", capability_names(s.until_exec)));
    }
    std::string operator()(const SetNoNewPrivileges&) const { return "refuse new privileges"; }
    std::string operator()(const LoadSeccomp& s) const {
        constexpr std::size_t kInstruction = 8;
        if (!s.program.empty())
            return concat("load seccomp filter (", s.program.size() / kInstruction,
                          " instructions as given)");
        return concat("load seccomp filter (default ", spec::name_of(s.seccomp.default_action),
                      ", ", s.seccomp.syscalls.size(), " rules",
                      s.unknown_calls == UnknownCalls::Refuse ? ", no unknown calls)" : ")");
    }
    std::string operator()(const CloseFds& s) const {
        constexpr std::uint32_t kFirst = 3;
        return concat("at exec, close descriptors from ", kFirst + s.preserve, " on");
    }
    std::string operator()(const Exec& s) const {
        Words words;
        for (const auto& arg : s.args) words.push_back(quoted(arg));
        return "exec " + join(words, " ");
    }
};

}  // namespace

std::string print_step(const Step& step) { return std::visit(Teller{}, step.action); }

}  // namespace cleat::plan

// Room: plan. A plan as JSON, for programs. A kind without its members listed here does not
// compile.
#include "capabilities.hpp"
#include "cleat/plan/plan.hpp"
#include "json.hpp"
#include "mount_options.hpp"
#include "print.hpp"
#include "process_numbers.hpp"
#include "scope.hpp"

namespace cleat::plan {
namespace {

template <class T, class ToJson>
Json list(const std::vector<T>& items, ToJson to_json) {
    std::vector<Json> values;
    values.reserve(items.size());
    for (const auto& item : items) values.push_back(to_json(item));
    return values;
}

Json pairs(const std::vector<std::pair<std::string, std::string>>& items) {
    return list(items, [](const auto& item) {
        return Json(item.second.empty() ? item.first : concat(item.first, "=", item.second));
    });
}

Json maps(const std::vector<spec::IdMapping>& items) {
    return list(items, [](const spec::IdMapping& map) {
        return Json(JsonObject{
            {"containerID", map.container_id}, {"hostID", map.host_id}, {"size", map.size}});
    });
}

Json rules(const std::vector<spec::DeviceRule>& items) {
    return list(items, [](const spec::DeviceRule& rule) {
        return Json(JsonObject{{"action", rule.allow ? "allow" : "deny"},
                               {"type", rule.type.empty() ? "a" : rule.type},
                               {"major", rule.major},
                               {"minor", rule.minor},
                               {"access", rule.access.empty() ? "rwm" : rule.access}});
    });
}

Json hooks(const std::vector<spec::Hook>& items) {
    return list(items, [](const spec::Hook& hook) {
        return Json(JsonObject{{"path", hook.path},
                               {"args", hook.args},
                               {"env", hook.env},
                               {"timeout", hook.timeout}});
    });
}

Json views(const std::vector<CgroupView>& items) {
    return list(items, [](const CgroupView& view) {
        return Json(JsonObject{{"name", view.name},
                               {"symlinks", view.symlinks},
                               {"hostPath", view.host_path},
                               {"options", view.options}});
    });
}

Json syscalls(const std::vector<spec::SeccompSyscall>& items) {
    return list(items, [](const spec::SeccompSyscall& rule) {
        return Json(JsonObject{{"names", rule.names}, {"action", spec::name_of(rule.action)}});
    });
}

Json flags(const MountFlags& flags) {
    return JsonObject{{"set", attribute_names(flags.set)},
                      {"clear", attribute_names(flags.clear)},
                      {"recursiveSet", attribute_names(flags.recursive_set)},
                      {"recursiveClear", attribute_names(flags.recursive_clear)},
                      {"propagation", list(flags.propagation, [](std::uint64_t propagation) {
                           return Json(propagation_name(propagation));
                       })}};
}

Json ignorable(OnFailure on_failure) { return on_failure == OnFailure::Ignore; }

/// A step about a scope of systemd.
template <class Step>
JsonObject scope_members(const Step& step) {
    return {{"unit", step.scope.unit},
            {"slice", step.scope.slice},
            {"user", step.scope.manager == ServiceManager::User},
            {"properties", list(step.properties, [](const UnitProperty& property) {
                 return Json(concat(property.name, "=", property_text(property)));
             })}};
}

/// The members of each kind.
struct Members {
    JsonObject operator()(const StartScope& s) const { return scope_members(s); }
    JsonObject operator()(const ChangeScope& s) const { return scope_members(s); }
    JsonObject operator()(const MakeCgroup& s) const {
        return {{"cgroup", s.cgroup}, {"shared", s.shared}, {"belowScope", s.below_scope}};
    }
    JsonObject operator()(const WriteCgroup& s) const {
        return {{"cgroup", s.cgroup},
                {"file", s.file},
                {"value", s.value},
                {"usageFile", s.usage_file.empty() ? std::nullopt : std::optional(s.usage_file)},
                {"keepsFirst", s.keeps_first},
                {"ignoreFailure", ignorable(s.on_failure)}};
    }
    JsonObject operator()(const SetCgroupDevices& s) const {
        return {{"cgroup", s.cgroup},
                {"rules", rules(s.rules)},
                {"ignoreFailure", ignorable(s.on_failure)}};
    }
    JsonObject operator()(const DelegateCgroup& s) const {
        return {{"cgroup", s.cgroup}, {"owner", s.owner}};
    }
    JsonObject operator()(const MakeSubgroup& s) const {
        return {{"cgroup", s.cgroup}, {"name", s.name}, {"slot", s.slot}};
    }
    JsonObject operator()(const MakeRdtGroup& s) const {
        return {{"group", s.group},
                {"mustExist", s.owner == RdtOwner::Other},
                {"shared", s.owner == RdtOwner::Shared},
                {"expected", s.expected}};
    }
    JsonObject operator()(const WriteRdtSchema& s) const {
        return {{"group", s.group}, {"schema", s.schema}};
    }
    JsonObject operator()(const JoinRdtGroups& s) const { return {{"groups", s.groups}}; }
    JsonObject operator()(const OpenNamespace& s) const {
        return {{"type", spec::name_of(s.type)}, {"path", s.path}, {"slot", s.slot}};
    }
    JsonObject operator()(const OpenSource& s) const {
        return {{"path", s.path},
                {"recursive", s.recursive},
                {"slot", s.slot},
                {"propagation", s.propagation == 0 ? "" : propagation_name(s.propagation)},
                {"idMapping", s.id_mapping},
                {"recursiveIdMapping", s.recursive_id_mapping},
                {"follow", s.follow}};
    }
    JsonObject operator()(const MakeIdMapping& s) const {
        return {{"uidMappings", maps(s.uid_mappings)},
                {"gidMappings", maps(s.gid_mappings)},
                {"slot", s.slot}};
    }
    JsonObject operator()(const OpenContainer& s) const {
        return {{"slot", s.slot}, {"root", s.root}};
    }
    JsonObject operator()(const OpenHookOutput& s) const {
        return {{"path", s.path}, {"slot", s.slot}};
    }
    JsonObject operator()(const Clone& s) const {
        return {{"namespaces", namespace_names(s.flags)},
                {"enterPidNamespace", s.enter_pid_namespace},
                {"intoCgroup", s.into_cgroup}};
    }
    JsonObject operator()(const OpenNewNamespace& s) const {
        return {{"type", spec::name_of(s.type)}, {"slot", s.slot}};
    }
    JsonObject operator()(const MoveNetDevice& s) const {
        return {{"name", s.name}, {"newName", s.new_name}, {"slot", s.network_namespace}};
    }
    JsonObject operator()(const WriteIdMaps& s) const {
        return {{"uidMappings", maps(s.uid_mappings)},
                {"gidMappings", maps(s.gid_mappings)},
                {"privileged", s.privileged}};
    }
    JsonObject operator()(const SetOomScoreAdj& s) const { return {{"value", s.value}}; }
    JsonObject operator()(const RunHooks& s) const {
        return {{"hooks", hook_name(s.kind)},
                {"run", hooks(s.hooks)},
                {"output", s.output},
                {"errors", s.errors}};
    }
    JsonObject operator()(const Report& s) const { return {{"gate", gate_name(s.gate)}}; }
    JsonObject operator()(const Await& s) const { return {{"gate", gate_name(s.gate)}}; }

    JsonObject operator()(const ProtectInit&) const { return {}; }
    JsonObject operator()(const JoinCgroups&) const { return {}; }
    JsonObject operator()(const EnterSubgroup& s) const { return {{"slot", s.slot}}; }
    JsonObject operator()(const JoinNamespace& s) const {
        return {{"type", spec::name_of(s.type)}, {"slot", s.slot}};
    }
    JsonObject operator()(const JoinContainer& s) const {
        return {{"namespaces", namespace_names(s.flags)}, {"slot", s.slot}};
    }
    JsonObject operator()(const UnshareNamespaces& s) const {
        return {{"namespaces", namespace_names(s.flags)}};
    }
    JsonObject operator()(const NewTimeNamespace& s) const {
        return {{"offsets", list(s.offsets, [](const auto& item) {
                     return Json(JsonObject{{"clock", item.first},
                                            {"secs", item.second.secs},
                                            {"nanosecs", item.second.nanosecs}});
                 })}};
    }
    JsonObject operator()(const BecomeRoot& s) const { return {{"keepGroups", s.keep_groups}}; }
    JsonObject operator()(const NewSession&) const { return {}; }
    JsonObject operator()(const BringUpLoopback&) const { return {}; }
    JsonObject operator()(const SetHostname& s) const { return {{"name", s.name}}; }
    JsonObject operator()(const SetDomainname& s) const { return {{"name", s.name}}; }
    JsonObject operator()(const SetSysctl& s) const { return {{"key", s.key}, {"value", s.value}}; }

    JsonObject operator()(const SetPropagation& s) const {
        return {{"propagation", propagation_name(s.propagation)}};
    }
    JsonObject operator()(const OpenRoot& s) const {
        return {{"path", s.path},
                {"slot", s.slot},
                {"clone", s.clone},
                {"propagation", s.clone ? propagation_name(s.propagation | kRecursive) : ""}};
    }
    JsonObject operator()(const MountFilesystem& s) const {
        return {{"type", s.type},
                {"source", s.source},
                {"destination", s.destination},
                {"flags", flags(s.flags)},
                {"data", pairs(s.data)},
                {"copyUp", s.copy_up},
                {"elseBindHost", s.fallback == FilesystemFallback::BindHost},
                {"slot", s.filled_by}};
    }
    JsonObject operator()(const BindMount& s) const {
        return {{"source", s.source},
                {"destination", s.destination},
                {"recursive", s.recursive},
                {"flags", flags(s.flags)},
                {"uidMappings", maps(s.uid_mappings)},
                {"gidMappings", maps(s.gid_mappings)},
                {"recursiveIdmap", s.recursive_idmap},
                {"idMapping", s.id_mapping},
                {"sourceInRoot", s.source_in_root},
                {"followSource", s.follow_source},
                {"followDestination", s.follow_destination},
                {"copySymlink", s.copy_symlink},
                {"slot", s.slot}};
    }
    JsonObject operator()(const Remount& s) const {
        return {{"destination", s.destination}, {"flags", flags(s.flags)}};
    }
    JsonObject operator()(const MountCgroups& s) const {
        return {{"destination", s.destination},    {"unified", s.unified},
                {"ownNamespace", s.own_namespace}, {"hostPath", s.host_path},
                {"views", views(s.views)},         {"flags", flags(s.flags)}};
    }
    JsonObject operator()(const MakeDevice& s) const {
        return {{"path", s.path},        {"type", s.type},
                {"major", s.major},      {"minor", s.minor},
                {"mode", octal(s.mode)}, {"uid", s.uid},
                {"gid", s.gid},          {"bindHost", s.source == DeviceSource::BindHost},
                {"slot", s.slot}};
    }
    JsonObject operator()(const MakeSymlink& s) const {
        return {{"path", s.path}, {"target", s.target}};
    }
    JsonObject operator()(const SetUpConsole& s) const {
        const auto size = s.size.value_or(spec::Box{});
        return {{"owner", s.owner},
                {"width", size.width},
                {"height", size.height},
                {"bindConsole", s.bind_console}};
    }
    JsonObject operator()(const ChangeRoot& s) const { return {{"how", root_change_name(s.how)}}; }
    JsonObject operator()(const MakeDirectory& s) const { return {{"path", s.path}}; }
    JsonObject operator()(const SetMountReadonly& s) const {
        return {{"destination", s.destination}};
    }
    JsonObject operator()(const SetRootReadonly&) const { return {}; }
    JsonObject operator()(const SetRootPropagation& s) const {
        return {{"propagation", propagation_name(s.propagation)}};
    }
    JsonObject operator()(const MaskPath& s) const { return {{"path", s.path}}; }
    JsonObject operator()(const MakePathReadonly& s) const { return {{"path", s.path}}; }

    JsonObject operator()(const JoinSessionKeyring& s) const { return {{"name", s.name}}; }
    JsonObject operator()(const SetRlimit& s) const {
        return {{"type", rlimit_name(s.resource)}, {"soft", s.soft}, {"hard", s.hard}};
    }
    JsonObject operator()(const SetScheduler& s) const {
        const auto& scheduler = s.scheduler;
        return {{"policy", scheduler.policy},     {"nice", scheduler.nice},
                {"priority", scheduler.priority}, {"flags", scheduler.flags},
                {"runtime", scheduler.runtime},   {"deadline", scheduler.deadline},
                {"period", scheduler.period}};
    }
    JsonObject operator()(const SetIoPriority& s) const {
        return {{"class", s.io_priority.class_}, {"priority", s.io_priority.priority}};
    }
    JsonObject operator()(const SetCpuAffinity& s) const { return {{"cpus", s.cpus}}; }
    JsonObject operator()(const SetMemoryPolicy& s) const {
        return {{"mode", s.policy.mode}, {"nodes", s.policy.nodes}, {"flags", s.policy.flags}};
    }
    JsonObject operator()(const SetPersonality& s) const { return {{"persona", s.persona}}; }
    JsonObject operator()(const SetUmask& s) const { return {{"umask", octal(s.umask)}}; }
    JsonObject operator()(const ChangeDirectory& s) const {
        return {{"cwd", s.cwd}, {"make", s.make}};
    }
    JsonObject operator()(const SetHome& s) const { return {{"uid", s.uid}}; }
    JsonObject operator()(const FindExecutable& s) const { return {{"name", s.name}}; }
    JsonObject operator()(const AwaitStart&) const { return {}; }
    JsonObject operator()(const SetAppArmor& s) const { return {{"profile", s.profile}}; }
    JsonObject operator()(const SetSelinuxLabel& s) const { return {{"label", s.label}}; }
    JsonObject operator()(const SetUser& s) const {
        return {{"uid", s.uid},
                {"gid", s.gid},
                {"additionalGids", s.additional_gids},
                {"keepGroups", s.keep_groups},
                {"keepRights", s.keep_rights}};
    }
    JsonObject operator()(const SetBoundingSet& s) const {
        return {{"bounding", capability_names(s.bounding)}};
    }
    JsonObject operator()(const SetCapabilities& s) const {
        return {{"effective", capability_names(s.effective)},
                {"permitted", capability_names(s.permitted)},
                {"inheritable", capability_names(s.inheritable)},
                {"ambient", capability_names(s.ambient)},
                {"untilExec", capability_names(s.until_exec)}};
    }
    JsonObject operator()(const SetNoNewPrivileges&) const { return {}; }
    JsonObject operator()(const LoadSeccomp& s) const {
        constexpr std::size_t kInstruction = 8;
        return {{"defaultAction", spec::name_of(s.seccomp.default_action)},
                {"architectures", s.seccomp.architectures},
                {"flags", s.seccomp.flags},
                {"listenerPath", s.seccomp.listener_path},
                {"syscalls", syscalls(s.seccomp.syscalls)},
                {"instructions", s.program.size() / kInstruction},
                {"refuseUnknown", s.unknown_calls == UnknownCalls::Refuse}};
    }
    JsonObject operator()(const CloseFds& s) const { return {{"preserve", s.preserve}}; }
    JsonObject operator()(const Exec& s) const { return {{"args", s.args}, {"env", s.env}}; }
};

Json steps(const std::vector<Step>& items) {
    return list(items, [](const Step& step) {
        JsonObject object{{"kind", kind_of(step.action)}, {"origin", step.origin}};
        for (auto& member : std::visit(Members{}, step.action)) object.push_back(std::move(member));
        return Json(object);
    });
}

Json cgroups(const std::vector<CgroupDirectory>& items) {
    return list(items, [](const CgroupDirectory& cgroup) {
        return Json(JsonObject{{"controllers", cgroup.controllers},
                               {"mountpoint", cgroup.mountpoint},
                               {"path", cgroup.path},
                               {"unified", cgroup.unified}});
    });
}

Json warnings(const std::vector<spec::Problem>& items) {
    return list(items, [](const spec::Problem& problem) {
        return Json(JsonObject{{"pointer", problem.pointer}, {"message", problem.message}});
    });
}

}  // namespace

std::string print_json(const Plan& plan) {
    return Json(JsonObject{{"cgroups", cgroups(plan.cgroups)},
                           {"slots", plan.slots},
                           {"host", steps(plan.host)},
                           {"joiner", steps(plan.joiner)},
                           {"init", steps(plan.init)},
                           {"warnings", warnings(plan.warnings)}})
        .text;
}

}  // namespace cleat::plan

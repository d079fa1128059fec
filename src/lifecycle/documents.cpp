// Room: lifecycle. The JSON documents that cleat writes: state, features, what hooks read. The only
// file of the room that knows the JSON library; nothing here throws (bad UTF-8 is replaced).
#include "documents.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cleat/base/text.hpp"
#include "cleat/host/abilities.hpp"
#include "cleat/kernel/apply.hpp"
#include "cleat/lifecycle/lifecycle.hpp"
#include "cleat/plan/names.hpp"
#include "cleat/spec/annotations.hpp"
#include "cleat/spec/decode.hpp"
#include "container.hpp"
#include "feature_tables.hpp"

namespace cleat::lifecycle {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& value, Layout layout) {
    return value.dump(layout == Layout::Pretty ? 2 : -1, ' ', false,
                      Json::error_handler_t::replace);
}

/// The names of all values of an enum of spec, the first to the last.
template <class Enum>
Json names_up_to(Enum last) {
    Json names = Json::array();
    for (int i = 0; i <= static_cast<int>(last); ++i)
        names.push_back(spec::name_of(static_cast<Enum>(i)));
    return names;
}

Json enabled(bool whether) { return {{"enabled", whether}}; }

Json seccomp_features() {
    return {{"enabled", true},
            {"actions", names_up_to(spec::SeccompAction::Notify)},
            {"operators", names_up_to(spec::SeccompOperator::MaskedEqual)},
            {"archs", kSeccompArchitectures},
            {"knownFlags", kSeccompFlags},
            {"supportedFlags", kSeccompFlags}};
}

Json linux_features() {
    constexpr int kLastCapability = 40;  // CAP_CHECKPOINT_RESTORE, capabilities(7)
    const std::string capabilities =
        plan::capability_names(plan::all_capabilities(kLastCapability));
    return {
        {"namespaces", names_up_to(spec::NamespaceType::Time)},
        {"capabilities", split(capabilities, ' ')},
        {"cgroup",
         {{"v1", true}, {"v2", true}, {"systemd", true}, {"systemdUser", true}, {"rdma", true}}},
        {"seccomp", seccomp_features()},
        {"apparmor", enabled(true)},
        {"selinux", enabled(true)},
        {"intelRdt", {{"enabled", true}, {"schemata", true}, {"monitoring", true}}},
        {"memoryPolicy", {{"modes", kMemoryPolicyModes}, {"flags", kMemoryPolicyFlags}}},
        {"mountExtensions", {{"idmap", enabled(true)}}},
        {"netDevices", enabled(true)}};
}

/// What in config.json's annotations changes what cleat does (features.md).
Json config_annotations() {
    Json names = spec::known_annotations();
    names.push_back("org.opencontainers.image.stopSignal");
    names.push_back("org.systemd.property.");
    return names;
}

Json enabled(plan::Ability ability) { return enabled(ability == plan::Ability::Present); }

/// The specification calls the actions otherwise than the kernel.
Json actions_there(const std::vector<std::string>& there) {
    constexpr std::string_view kKernelNames[] = {"kill_thread", "kill_process", "kill_thread",
                                                 "trap",        "errno",        "trace",
                                                 "allow",       "log",          "user_notif"};
    Json names = Json::array();
    for (int i = 0; i <= static_cast<int>(spec::SeccompAction::Notify); ++i)
        if (std::ranges::find(there, kKernelNames[i]) != there.end())
            names.push_back(spec::name_of(static_cast<spec::SeccompAction>(i)));
    return names;
}

Json namespaces_there(const std::vector<std::string>& there) {
    Json names = Json::array();
    for (int i = 0; i < spec::kNamespaceTypes; ++i) {
        const auto type = static_cast<spec::NamespaceType>(i);
        if (std::ranges::find(there, kernel::file_of(type)) != there.end())
            names.push_back(spec::name_of(type));
    }
    return names;
}

Json cgroups_there(const host::Abilities& host) {
    bool v1 = false;
    bool v2 = false;
    std::set<std::string> controllers;
    for (const auto& hierarchy : host.facts.cgroups) {
        (hierarchy.unified ? v2 : v1) = true;
        for (const auto& name : hierarchy.controllers)
            if (!name.starts_with("name=")) controllers.insert(name);
    }
    return {{"v1", v1},
            {"v2", v2},
            {"systemd", host.systemd == plan::Ability::Present},
            {"systemdUser", host.user_systemd == plan::Ability::Present},
            {"rdma", controllers.contains("rdma")},
            {"controllers", controllers}};
}

Json host_features(const host::Abilities& host) {
    const auto& facts = host.facts;
    const auto capabilities = plan::capability_names(plan::all_capabilities(facts.last_capability));
    return {{"kernel", concat(facts.kernel_major, ".", facts.kernel_minor)},
            {"namespaces", namespaces_there(host.namespaces)},
            {"capabilities", split(capabilities, ' ')},
            {"cgroup", cgroups_there(host)},
            {"seccomp",
             {{"enabled", !host.seccomp_actions.empty()},
              {"actions", actions_there(host.seccomp_actions)}}},
            {"apparmor", enabled(facts.apparmor)},
            {"selinux", enabled(facts.selinux)},
            {"intelRdt", enabled(!facts.resctrl.empty())}};
}

Json features(const Build& build) {
    const char* checkpoint = build.checkpoint ? "true" : "false";
    return {{"ociVersionMin", spec::kOciVersionMin},
            {"ociVersionMax", spec::kOciVersion},
            {"hooks", kHookNames},
            {"mountOptions", plan::known_mount_options()},
            {"linux", linux_features()},
            {"potentiallyUnsafeConfigAnnotations", config_annotations()},
            {"annotations",
             {{"org.opencontainers.runc.checkpoint.enabled", checkpoint},
              {"run.oci.crun.checkpoint.enabled", checkpoint},
              {"io.github.seccomp.libseccomp.version", build.libseccomp},
              {"cleat.commit", build.commit},
              {"cleat.version", build.version}}}};
}

}  // namespace

std::string features_json(const Build& build) { return dump(features(build), Layout::Pretty); }

Result<std::string> features_json_here(const Build& build) {
    Json document = features(build);
    document["host"] = host_features(TRY(host::probe_abilities()));
    return dump(document, Layout::Pretty);
}

std::string state_json(const View& view, Layout layout) {
    const auto& state = view.state;
    Json document = {{"ociVersion", state.oci_version},
                     {"id", state.id},
                     {"pid", view.status == Status::Stopped ? 0 : state.init.pid},
                     {"status", name_of(view.status)},
                     {"bundle", state.bundle},
                     {"rootfs", state.rootfs},
                     {"created", state.created}};
    if (!state.annotations.empty()) document["annotations"] = state.annotations;
    document["owner"] = user_name(state.owner);
    return dump(document, layout);
}

std::string hook_document(const store::State& state, std::string_view status, pid_t pid) {
    Json document = {{"ociVersion", state.oci_version}, {"id", state.id}, {"status", status}};
    if (pid > 0) document["pid"] = pid;
    document["bundle"] = state.bundle;
    if (!state.annotations.empty()) document["annotations"] = state.annotations;
    return dump(document, Layout::Line);
}

std::string strings_json(const std::vector<std::string>& texts) {
    return dump(Json(texts), Layout::Line);
}

}  // namespace cleat::lifecycle

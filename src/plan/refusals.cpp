// Room: plan. Refusals, before anything is touched.
#include "refusals.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "cleat/base/text.hpp"
#include "container.hpp"
#include "numbers.hpp"

namespace cleat::plan {
namespace {

/// A property that is there, and what it needs.
struct Need {
    bool asked;
    bool met;
    const char* pointer;
    const char* why_not;
};

Result<void> refuse_first(std::span<const Need> needs, ErrorKind kind) {
    const auto found =
        std::ranges::find_if(needs, [](const Need& need) { return need.asked && !need.met; });
    if (found == needs.end()) return {};
    return refuse(kind, found->pointer, found->why_not);
}

Result<void> refuse_time_namespace(const spec::Linux& linux, const HostFacts& facts) {
    if (facts.new_time_namespace == Ability::Present) return {};
    const auto& list = linux.namespaces;
    const auto found = std::ranges::find(list, spec::NamespaceType::Time, &spec::Namespace::type);
    if (found == list.end()) return {};
    return refuse(ErrorKind::Unsupported,
                  pointer_push("/linux/namespaces", static_cast<std::size_t>(found - list.begin())),
                  "this kernel has no time namespaces");
}

/// All other namespaces are for root, or for who is root in a user namespace of his own.
Result<void> refuse_without_rights(const spec::Linux& linux, const HostFacts& facts) {
    const bool user = std::ranges::find(linux.namespaces, spec::NamespaceType::User,
                                        &spec::Namespace::type) != linux.namespaces.end();
    if (user || has_capability(facts.capabilities, kCapSysAdmin)) return {};
    return refuse(ErrorKind::Unsupported, "/linux/namespaces",
                  "without root (CAP_SYS_ADMIN) a container needs a user namespace");
}

/// Init builds the container as the user namespace's root before it becomes the user.
Result<void> refuse_without_root(const spec::Linux& linux) {
    const auto has_root = [](const spec::IdMapping& map) { return map.container_id == 0; };
    const auto& list = linux.namespaces;
    const auto user = std::ranges::find(list, spec::NamespaceType::User, &spec::Namespace::type);
    if (user == list.end() || !user->path.empty()) return {};
    const std::array needs{
        Need{true, std::ranges::any_of(linux.uid_mappings, has_root), "/linux/uidMappings",
             "id 0 of the user namespace must be mapped: the container is built as its root"},
        Need{true, std::ranges::any_of(linux.gid_mappings, has_root), "/linux/gidMappings",
             "id 0 of the user namespace must be mapped: the container is built as its root"}};
    return refuse_first(needs, ErrorKind::Unsupported);
}

/// The specification has these flags, but nothing that holds the values which they clamp to.
Result<void> refuse_clamps(const spec::Process& process) {
    if (!process.scheduler) return {};
    const auto& flags = process.scheduler->flags;
    const auto clamp = std::ranges::find_if(
        flags, [](std::string_view flag) { return flag.starts_with("SCHED_FLAG_UTIL_CLAMP"); });
    if (clamp == flags.end()) return {};
    return refuse(
        ErrorKind::Unsupported,
        pointer_push("/process/scheduler/flags", static_cast<std::size_t>(clamp - flags.begin())),
        "there is no property for the value to clamp to");
}

}  // namespace

Result<void> refuse_in_process(const spec::Process& process, const HostFacts& facts) {
    TRY(refuse_clamps(process));
    const bool apparmor = facts.apparmor == Ability::Present;
    const bool selinux = facts.selinux == Ability::Present;
    // Without AppArmor everything is unconfined, which is what that profile's name says.
    const bool confined =
        !process.apparmor_profile.empty() && process.apparmor_profile != "unconfined";
    const std::array needs{Need{confined, apparmor, "/process/apparmorProfile",
                                "AppArmor is not enabled on this host"},
                           Need{!process.selinux_label.empty(), selinux, "/process/selinuxLabel",
                                "SELinux is not enabled on this host"}};
    return refuse_first(needs, ErrorKind::Unsupported);
}

Result<void> refuse_what_cannot_be(const spec::Spec& spec, const HostFacts& facts,
                                   Options::Begin begin) {
    const auto& linux = spec.linux;
    const std::array required{
        Need{true, spec.root.has_value(), "/root", "a container needs a root"},
        Need{begin == Options::Begin::AtOnce, spec.process.has_value(), "/process",
             "there is no process to start"}};
    TRY(refuse_first(required, ErrorKind::InvalidConfig));
    const std::array needs{Need{!linux.mount_label.empty(), facts.selinux == Ability::Present,
                                "/linux/mountLabel", "SELinux is not enabled on this host"}};
    TRY(refuse_first(needs, ErrorKind::Unsupported));
    TRY(refuse_time_namespace(linux, facts));
    TRY(refuse_without_rights(linux, facts));
    TRY(refuse_without_root(linux));
    return spec.process ? refuse_in_process(*spec.process, facts) : Result<void>{};
}

}  // namespace cleat::plan

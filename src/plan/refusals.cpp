// Room: plan. Refusals, before anything is touched.
#include "refusals.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "cleat/base/text.hpp"
#include "container.hpp"

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

}  // namespace

Result<void> refuse_labels(const spec::Process& process, const HostFacts& facts) {
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

Result<void> refuse_what_cannot_be(const spec::Spec& spec, const HostFacts& facts) {
    const auto& linux = spec.linux;
    const std::array required{
        Need{true, spec.root.has_value(), "/root", "a container needs a root"},
        Need{true, spec.process.has_value(), "/process", "a container needs a process"}};
    TRY(refuse_first(required, ErrorKind::InvalidConfig));
    const std::array needs{
        Need{!linux.mount_label.empty(), facts.selinux == Ability::Present, "/linux/mountLabel",
             "SELinux is not enabled on this host"},
        Need{linux.intel_rdt.has_value(), false, "/linux/intelRdt", "intelRdt is not built in"}};
    TRY(refuse_first(needs, ErrorKind::Unsupported));
    TRY(refuse_time_namespace(linux, facts));
    return refuse_labels(*spec.process, facts);
}

}  // namespace cleat::plan

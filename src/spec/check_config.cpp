// Room: spec. Rules of the whole document (config.md).
#include <algorithm>

#include "check.hpp"
#include "cleat/spec/annotations.hpp"

namespace cleat::spec {
namespace {

/// SemVer 2.0: 1.x.y, with anything after "-" or "+" (engines write "1.0.2-dev").
void check_version(const Spec& spec, Complaints& complaints) {
    const std::string_view version = spec.oci_version;
    const auto core = version.substr(0, version.find_first_of("-+"));
    const auto parts = split(core, '.');
    const bool numbers = parts.size() == 3 && std::ranges::all_of(parts, [](auto part) {
                             return parse_number<std::uint32_t>(part).has_value();
                         });
    if (!numbers) {
        complaints.add("/ociVersion", concat(quoted(version), " is not a version such as 1.3.0"));
    } else if (parts[0] != "1") {
        complaints.add_own("/ociVersion", concat("version ", quoted(version),
                                                 " is not supported: this is ", kOciVersion));
    }
}

void check_name(const Spec& spec, const std::string& name, const char* pointer,
                Complaints& complaints) {
    constexpr std::size_t kMaxLength = 64;  // uts_namespaces(7)
    if (name.empty()) return;
    if (find_namespace(spec, NamespaceType::Uts) == nullptr)
        complaints.add(pointer, "needs a uts namespace in /linux/namespaces");
    if (name.size() > kMaxLength) complaints.add(pointer, "is longer than 64 bytes");
}

void check_hooks(const std::vector<Hook>& hooks, std::string_view kind, Complaints& complaints) {
    for (std::size_t i = 0; i < hooks.size(); ++i) {
        const auto pointer = concat("/hooks/", kind, "/", i);
        if (!hooks[i].path.starts_with('/'))
            complaints.add(pointer + "/path",
                           concat("hook path ", quoted(hooks[i].path), " must be absolute"));
        if (hooks[i].timeout && *hooks[i].timeout <= 0)
            complaints.add(pointer + "/timeout", "must be greater than zero");
    }
}

void check_all_hooks(const Hooks& hooks, Complaints& complaints) {
    check_hooks(hooks.prestart, "prestart", complaints);
    check_hooks(hooks.create_runtime, "createRuntime", complaints);
    check_hooks(hooks.create_container, "createContainer", complaints);
    check_hooks(hooks.start_container, "startContainer", complaints);
    check_hooks(hooks.poststart, "poststart", complaints);
    check_hooks(hooks.poststop, "poststop", complaints);
}

}  // namespace

const Namespace* find_namespace(const Spec& spec, NamespaceType type) {
    for (const auto& entry : spec.linux.namespaces)
        if (entry.type == type) return &entry;
    return nullptr;
}

void check_parts(const Spec& spec, Complaints& complaints) {
    if (spec.process) check_process(*spec.process, "/process", complaints);
    if (spec.hooks) check_all_hooks(*spec.hooks, complaints);
    check_mounts(spec.mounts, "/mounts", complaints);
    const auto& linux = spec.linux;
    if (linux.resources) check_resources(*linux.resources, "/linux/resources", complaints);
    if (linux.intel_rdt) check_intel_rdt(*linux.intel_rdt, complaints);
    if (linux.seccomp)
        check_seccomp(*linux.seccomp,
                      listener_path(*linux.seccomp, read_annotations(spec.annotations)),
                      complaints);
}

void check_config(const Spec& spec, Complaints& complaints) {
    check_version(spec, complaints);
    if (!spec.root)
        complaints.add("/root", "is required");
    else if (spec.root->path.empty())
        complaints.add("/root/path", "must not be empty");
    else if (normal_path(spec.root->path) == "/" && spec.root->path.starts_with('/'))
        complaints.add("/root/path", "must not be the root of the host");
    check_parts(spec, complaints);
    check_name(spec, spec.hostname, "/hostname", complaints);
    check_name(spec, spec.domainname, "/domainname", complaints);
    check_annotations(spec, complaints);
    check_linux(spec, complaints);
}

}  // namespace cleat::spec

// Room: spec. /linux/sysctl: only what belongs to a namespace of the container may be written, for
// everything else is the host's (config-linux.md#sysctl).
#include <algorithm>
#include <array>

#include "check.hpp"
#include "cleat/spec/sysctl.hpp"

namespace cleat::spec {
namespace {

constexpr std::array<std::string_view, 9> kIpc = {
    "kernel.msgmax", "kernel.msgmnb",          "kernel.msgmni",
    "kernel.sem",    "kernel.shmall",          "kernel.shmmax",
    "kernel.shmmni", "kernel.shm_rmid_forced", "kernel.msg_next_id"};

/// The namespace that a key belongs to.
std::optional<NamespaceType> owner_of(std::string_view key) {
    if (key.starts_with("net.")) return NamespaceType::Network;
    if (key.starts_with("fs.mqueue.") || std::ranges::find(kIpc, key) != kIpc.end())
        return NamespaceType::Ipc;
    if (key == "kernel.domainname" || key == "kernel.hostname") return NamespaceType::Uts;
    if (key.starts_with("user.")) return NamespaceType::User;
    return std::nullopt;
}

/// "net/ipv4/ip_forward" is the same key as "net.ipv4.ip_forward" (sysctl.d(5)); in the slash form
/// a dot is part of a name.
std::string dotted(std::string_view key) {
    std::string out(key);
    const auto first = out.find_first_of("./");
    if (first != std::string::npos && out[first] == '/') std::ranges::replace(out, '/', '.');
    return out;
}

bool has_dots(std::string_view key, char separator) {
    return std::ranges::any_of(split(key, separator),
                               [](auto part) { return part.empty() || part == ".."; });
}

/// The reason why the value cannot be written, or "". The names of the UTS namespace have
/// properties of their own, as runc and crun have it.
std::string conflict_of(const std::string& key, const std::string& value, const Spec& spec) {
    if (key == "kernel.hostname")
        return concat("sysctl ", quoted(key), " conflicts with the property \"hostname\"");
    if (key == "kernel.domainname" && !spec.domainname.empty() && spec.domainname != value)
        return concat("sysctl ", quoted(key), " conflicts with the property \"domainname\", ",
                      quoted(spec.domainname));
    return {};
}

void check_key(const std::string& key, const std::string& value, const Spec& spec,
               Complaints& complaints) {
    const auto pointer = pointer_push("/linux/sysctl", key);
    const auto name = dotted(key);
    if (has_dots(key, '/') || has_dots(name, '.')) {
        complaints.add(pointer, concat("sysctl ", quoted(key), " is not a name"));
        return;
    }
    const auto owner = owner_of(name);
    auto conflict = conflict_of(name, value, spec);
    if (!owner) {
        complaints.add(pointer, concat("sysctl ", quoted(key), " belongs to no namespace"));
    } else if (find_namespace(spec, *owner) == nullptr) {
        complaints.add(pointer, concat("sysctl ", quoted(key), " needs a namespace of type ",
                                       name_of(*owner), ": it would change the host"));
    } else if (!conflict.empty()) {
        complaints.add(pointer, std::move(conflict));
    }
}

}  // namespace

std::optional<NamespaceType> sysctl_namespace(std::string_view key) {
    return owner_of(dotted(key));
}

void check_sysctl(const Spec& spec, Complaints& complaints) {
    for (const auto& [key, value] : spec.linux.sysctl) check_key(key, value, spec, complaints);
}

}  // namespace cleat::spec

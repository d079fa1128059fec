// Room: audit. Owners and modes of what the configuration names on this host, looked at as the
// caller. What is not there is no finding: the container may be meant for another host.
#include "cleat/sys/files.hpp"

#include <unistd.h>

#include <algorithm>

#include "cleat/base/text.hpp"
#include "weaknesses.hpp"

namespace cleat::audit {
namespace {

/// Who may replace what lies at a path, in words; "" if it is only root and the caller.
std::string others_who_change(const std::string& path) {
    const auto status = sys::stat_at(sys::kHere, path.c_str());
    if (!status) return {};
    if (status->st_uid != 0 && status->st_uid != ::geteuid())
        return concat("user ", status->st_uid, " owns ", path);
    // In a directory such as /tmp nobody replaces what another owns (chmod(2), S_ISVTX).
    if ((status->st_mode & S_ISVTX) != 0 && S_ISDIR(status->st_mode)) return {};
    if ((status->st_mode & S_IWOTH) != 0) return concat("everybody can write ", path);
    if ((status->st_mode & S_IWGRP) != 0 && status->st_gid != 0 && status->st_gid != ::getegid())
        return concat("group ", status->st_gid, " can write ", path);
    return {};
}

/// The same for a path and every directory that leads to it.
std::string others_on_the_way(const std::string& path) {
    for (std::string part = path; !part.empty(); part.erase(part.rfind('/')))
        if (auto others = others_who_change(part); !others.empty()) return others;
    return {};
}

void hook(Audit& audit, const spec::Hook& hook, const std::string& pointer) {
    const auto real = sys::real_path(hook.path);
    const auto path = real ? *real : normal_path(hook.path);
    const auto& root = audit.spec().root;
    std::string why;
    if (root && is_within(path, audit.on_host(root->path)))
        why = concat(path, " lies in the container's root: the image says what runs on the host");
    else if (real)
        why = others_on_the_way(path);
    if (why.empty()) return;
    audit.add(
        {.rule = Rule::UntrustedHook,
         .risk = Risk::Critical,
         .pointer = pointer,
         .why = concat("the hook runs on the host, and ", why),
         .fix = "name a program that only root can change, in directories that only root can"});
}

/// All but startContainer's are of the host (config.md#posix-platform-hooks).
void hooks(Audit& audit, const spec::Hooks& hooks) {
    const std::pair<std::string_view, const std::vector<spec::Hook>*> kinds[] = {
        {"prestart", &hooks.prestart},
        {"createRuntime", &hooks.create_runtime},
        {"createContainer", &hooks.create_container},
        {"poststart", &hooks.poststart},
        {"poststop", &hooks.poststop}};
    for (const auto& [kind, list] : kinds)
        for (std::size_t i = 0; i < list->size(); ++i)
            hook(audit, (*list)[i], concat("/hooks/", kind, "/", i, "/path"));
}

void bundle(Audit& audit) {
    const auto add = [&](const std::string& others, std::string_view pointer) {
        if (others.empty()) return;
        audit.add({.rule = Rule::UntrustedBundle,
                   .risk = Risk::High,
                   .pointer = std::string(pointer),
                   .why = concat(others, ", and says so what the container is"),
                   .fix = "let only root change it"});
    };
    const auto file = concat(audit.bundle(), "/config.json");
    add(sys::exists_at(sys::kHere, file.c_str()) ? others_on_the_way(file) : std::string{}, "");
    const auto& root = audit.spec().root;
    // The root itself may belong to whoever is root in the container; what leads to it may not.
    if (!root) return;
    const auto path = audit.on_host(root->path);
    const auto parent = path.substr(0, path.rfind('/'));
    if (!is_within(audit.bundle(), parent) && sys::exists_at(sys::kHere, path.c_str()))
        add(others_on_the_way(parent), "/root/path");
}

/// Devices and sockets tell by themselves what no path does.
void sources(Audit& audit) {
    const auto& mounts = audit.spec().mounts;
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        const auto pointer = concat("/mounts/", i, "/source");
        if (!is_bind(mounts[i]) || audit.has(pointer)) continue;
        const auto path = audit.on_host(mounts[i].source);
        const auto status = sys::stat_at(sys::kHere, path.c_str());
        if (!status || is_within(path, "/dev") ||
            (!S_ISBLK(status->st_mode) && !S_ISSOCK(status->st_mode)))
            continue;
        const bool disk = S_ISBLK(status->st_mode);
        audit.add({.rule = disk ? Rule::HostDevice : Rule::EngineSocket,
                   .risk = disk ? Risk::High : Risk::Medium,
                   .pointer = pointer,
                   .why = concat("mounts ", path,
                                 disk ? ", a disk of the host"
                                      : ", a socket: it can ask a service of the host"),
                   .fix = "leave the mount out, unless the service is meant for containers"});
    }
}

}  // namespace

void audit_files(Audit& audit) {
    if (audit.spec().hooks) hooks(audit, *audit.spec().hooks);
    bundle(audit);
    sources(audit);
}

}  // namespace cleat::audit

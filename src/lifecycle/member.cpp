// Room: lifecycle. The process that `exec` starts. Runs in the host process; touches nothing.
#include "member.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "user.hpp"

namespace cleat::lifecycle {
namespace {

/// "net_raw", "CAP_NET_RAW": the specification's form of a capability's name.
std::string capability_name(std::string_view text) {
    std::string name(text);
    std::ranges::transform(name, name.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return name.starts_with("CAP_") ? name : concat("CAP_", name);
}

void add_once(std::vector<std::string>& names, const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
}

/// Not inheritable (CVE-2022-29162), and ambient only if the config has it inheritable (as runc).
void add_capability(spec::Capabilities& capabilities, const std::string& name) {
    if (std::ranges::count(capabilities.inheritable, name) != 0)
        add_once(capabilities.ambient, name);
    add_once(capabilities.bounding, name);
    add_once(capabilities.permitted, name);
    add_once(capabilities.effective, name);
}

Result<void> change_user(spec::User& user, const ExecOptions& options) {
    if (options.user) {
        const auto choice = TRY(parse_user(*options.user));
        user.uid = choice.uid;
        if (choice.gid) user.gid = *choice.gid;
    }
    for (const auto gid : options.additional_gids) user.additional_gids.push_back(Gid{gid});
    return {};
}

struct CgroupChoice {
    std::vector<std::string_view> controllers;  ///< none: all hierarchies
    std::string path;
};

/// Whether ".." leads above the directory in which the path begins.
bool leads_above(std::string_view path) {
    if (path.starts_with('/')) return false;
    int depth = 0;
    for (const auto part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        depth += part == ".." ? -1 : 1;
        if (depth < 0) return true;
    }
    return false;
}

Result<CgroupChoice> parse_choice(std::string_view text) {
    CgroupChoice choice;
    const auto colon = text.find(':');
    if (colon != std::string_view::npos) {
        choice.controllers = split(text.substr(0, colon), ',');
        text.remove_prefix(colon + 1);
    }
    if (leads_above(text))
        return fail(ErrorKind::InvalidArgument,
                    concat("cgroup path ", quoted(text), " is not below the container's cgroup"));
    choice.path = normal_path(text);
    return choice;
}

bool concerns(const CgroupChoice& choice, const plan::CgroupDirectory& directory) {
    if (choice.controllers.empty()) return true;
    return std::ranges::any_of(choice.controllers, [&](std::string_view name) {
        return std::ranges::find(directory.controllers, name) != directory.controllers.end();
    });
}

}  // namespace

void set_env(std::vector<std::string>& env, std::string_view entry) {
    const auto equals = entry.find('=');
    const auto name = entry.substr(0, equals == std::string_view::npos ? equals : equals + 1);
    const auto same = [name](const std::string& old) { return old.starts_with(name); };
    const auto found = std::ranges::find_if(env, same);
    if (equals == std::string_view::npos || found == env.end()) {
        env.emplace_back(entry);
        return;
    }
    *found = std::string(entry);
    env.erase(std::remove_if(found + 1, env.end(), same), env.end());
}

Result<spec::Process> changed_process(spec::Process base, const ExecOptions& options) {
    if (options.args.empty()) return fail(ErrorKind::InvalidArgument, "no command is given");
    base.terminal = options.terminal.value_or(false);
    base.console_size.reset();
    base.args = options.args;
    for (const auto& entry : options.env) set_env(base.env, entry);
    const bool has_term = std::ranges::any_of(
        base.env, [](const std::string& entry) { return entry.starts_with("TERM="); });
    if (base.terminal && !has_term) base.env.emplace_back("TERM=xterm");
    if (options.cwd) base.cwd = *options.cwd;
    TRY(change_user(base.user, options));
    if (!options.capabilities.empty()) {
        auto capabilities = base.capabilities.value_or(spec::Capabilities{});
        for (const auto& name : options.capabilities)
            add_capability(capabilities, capability_name(name));
        base.capabilities = std::move(capabilities);
    }
    if (options.no_new_privileges) base.no_new_privileges = *options.no_new_privileges;
    if (options.apparmor) base.apparmor_profile = *options.apparmor;
    if (options.process_label) base.selinux_label = *options.process_label;
    return base;
}

Result<cgroup::Directories> chosen_cgroups(cgroup::Directories own,
                                           const std::vector<std::string>& choices) {
    for (const auto& text : choices) {
        const auto choice = TRY(parse_choice(text));
        bool used = false;
        for (auto& directory : own) {
            if (!concerns(choice, directory)) continue;
            if (choice.path != "/") directory.path += choice.path;
            used = true;
        }
        if (!used)
            return fail(ErrorKind::InvalidArgument,
                        concat("no cgroup of the container for ", quoted(text)));
    }
    return own;
}

Result<cgroup::Directories> present_cgroups(cgroup::Directories own,
                                            const std::vector<plan::CgroupHierarchy>& hierarchies,
                                            pid_t init) {
    for (auto& directory : own) {
        const std::string path = cgroup::full_path(directory);
        if (TRY(sys::is_there_at(sys::kHere, path.c_str()))) continue;
        const auto hierarchy = std::ranges::find(hierarchies, directory.mountpoint,
                                                 &plan::CgroupHierarchy::mountpoint);
        if (hierarchy == hierarchies.end()) return fail_errno(concat("open cgroup ", path), ENOENT);
        auto found = cgroup::path_of(*hierarchy, init);
        if (!found)
            return std::unexpected(
                with_context(std::move(found).error(), concat("cgroup ", path, " is gone")));
        directory.path = *std::move(found);
    }
    return own;
}

}  // namespace cleat::lifecycle

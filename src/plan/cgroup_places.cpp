// Room: plan. Paths of control groups (cgroups(7)).
#include "cgroup_places.hpp"

#include <algorithm>

#include "cleat/base/text.hpp"
#include "scope.hpp"

namespace cleat::plan {
namespace {

constexpr const char* kPointer = "/linux/cgroupsPath";

/// A rootless host may write below its own cgroup v2 if that was delegated to it, or have systemd
/// do it; v1 hierarchies cannot be delegated. Nobody who asks for no cgroup is made to have one,
/// and who names no place for it gets on without if there is none.
bool out_of_reach(const Container& container) {
    const auto& linux = container.spec.linux;
    const auto& facts = container.facts;
    if (!is_rootless(facts)) return false;
    if (facts.cgroup_mode != CgroupMode::Unified) return true;
    if (!linux.cgroups_path.empty()) return false;
    if (!linux.resources) return true;
    const auto out = [](const auto& hierarchy) { return hierarchy.delegated == Ability::Missing; };
    return container.options.cgroup_driver == CgroupDriver::Filesystem &&
           std::ranges::any_of(facts.cgroups, out);
}

Result<void> check_path(const std::string& path) {
    const auto parts = split(path, '/');
    if (std::ranges::find(parts, "..") != parts.end())
        return refuse(ErrorKind::InvalidConfig, kPointer,
                      concat("cgroup path ", quoted(path), " must not contain \"..\""));
    if (!path.starts_with('/') && std::ranges::count(path, ':') == 2)
        return refuse(ErrorKind::InvalidConfig, kPointer,
                      concat("cgroup path ", quoted(path),
                             " is in the form of the systemd cgroup driver (slice:prefix:name)"));
    return {};
}

/// cleat's own cgroup below the mountpoint: /proc/self/cgroup counts from the root of the
/// hierarchy, of which only a part may be mounted (in a container without a cgroup namespace).
std::string own_place(const CgroupHierarchy& hierarchy) {
    const std::string root = normal_path(hierarchy.mount_root);
    const std::string own = normal_path(hierarchy.own_path);
    if (root == "/" || own == root) return root == "/" ? own : "/";
    return own.starts_with(root + "/") ? own.substr(root.size()) : "/";
}

std::string place(const Container& container, const CgroupHierarchy& hierarchy) {
    const auto& path = container.spec.linux.cgroups_path;
    if (path.starts_with('/')) return normal_path(path);
    const std::string& name = path.empty() ? container.options.id.str() : path;
    return normal_path(concat(usual_parent(hierarchy), "/", name));
}

std::string below(const std::string& mountpoint, const std::string& path) {
    return path == "/" ? mountpoint : mountpoint + path;
}

/// The container's directory in a hierarchy; without one of its own it is in cleat's.
std::string host_path(const Container& container, const CgroupHierarchy& hierarchy) {
    const auto& cgroups = container.plan.cgroups;
    const auto found =
        std::ranges::find(cgroups, hierarchy.mountpoint, &CgroupDirectory::mountpoint);
    return below(hierarchy.mountpoint, found == cgroups.end() ? own_place(hierarchy) : found->path);
}

/// One v1 hierarchy, or the v2 one beside them, which has no mount options.
CgroupView view_of(const Container& container, const CgroupHierarchy& hierarchy) {
    CgroupView view;
    view.name = hierarchy.mountpoint.substr(hierarchy.mountpoint.rfind('/') + 1);
    view.host_path = host_path(container, hierarchy);
    if (hierarchy.unified) return view;
    for (const auto& controller : hierarchy.controllers) {
        // A named hierarchy has no controllers, and must say so (cgroups(7)).
        if (controller.starts_with("name=")) view.options.emplace_back("none");
        view.options.push_back(controller);
        if (hierarchy.controllers.size() > 1 && controller != view.name)
            view.symlinks.push_back(controller);
    }
    return view;
}

}  // namespace

/// A cgroup v2 that holds processes can give no controllers to those below it (cgroups(7), "no
/// internal processes"), so there the container is put beside cleat's own, not below.
std::string usual_parent(const CgroupHierarchy& hierarchy) {
    const std::string own = own_place(hierarchy);
    if (!hierarchy.unified) return own;
    return normal_path(own.substr(0, own.rfind('/')));
}

namespace {

/// The cgroup in a hierarchy that the driver and the annotation for it say.
std::string chosen_place(const Container& container, const CgroupHierarchy& hierarchy) {
    const auto& scope = container.plan.scope;
    if (scope.unit.empty()) return place(container, hierarchy);
    const auto& below = container.annotations.systemd_subgroup;
    return concat(scope_path(scope, own_place(hierarchy)), below.empty() ? "" : "/", below);
}

}  // namespace

Result<std::vector<CgroupDirectory>> place_cgroups(const Container& container) {
    std::vector<CgroupDirectory> places;
    const auto driver = container.options.cgroup_driver;
    if (driver == CgroupDriver::Disabled || out_of_reach(container)) return places;
    if (driver == CgroupDriver::Systemd) {
        container.plan.scope = TRY(find_scope(container));
    } else {
        TRY(check_path(container.spec.linux.cgroups_path));
        if (!container.annotations.systemd_subgroup.empty())
            container.warn("/annotations/run.oci.systemd.subgroup",
                           "has no effect: the cgroup driver is not systemd");
    }
    for (const auto& hierarchy : container.facts.cgroups)
        places.push_back({.controllers = hierarchy.controllers,
                          .mountpoint = hierarchy.mountpoint,
                          .path = chosen_place(container, hierarchy),
                          .unified = hierarchy.unified});
    return places;
}

std::optional<std::uint16_t> unified_index(const std::vector<CgroupDirectory>& cgroups) noexcept {
    const auto found = std::ranges::find(cgroups, true, &CgroupDirectory::unified);
    if (found == cgroups.end()) return std::nullopt;
    return static_cast<std::uint16_t>(found - cgroups.begin());
}

bool has_v1(const std::vector<CgroupDirectory>& cgroups) noexcept {
    return std::ranges::find(cgroups, false, &CgroupDirectory::unified) != cgroups.end();
}

Result<MountCgroups> cgroup_view(const Container& container, CgroupMount kind) {
    const auto& facts = container.facts;
    MountCgroups mount;
    mount.own_namespace = container.namespaces.has(spec::NamespaceType::Cgroup);
    mount.unified = kind == CgroupMount::Unified || facts.cgroup_mode == CgroupMode::Unified;
    for (const auto& hierarchy : facts.cgroups) {
        if (!mount.unified) mount.views.push_back(view_of(container, hierarchy));
        if (mount.unified && hierarchy.unified) mount.host_path = host_path(container, hierarchy);
    }
    if (mount.views.empty() && mount.host_path.empty())
        return fail(ErrorKind::Unsupported, mount.unified ? "this host has no cgroup v2 mounted"
                                                          : "this host has no cgroups mounted");
    return mount;
}

}  // namespace cleat::plan

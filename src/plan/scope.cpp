// Room: plan. The container as a systemd unit.
#include "scope.hpp"

#include <algorithm>

#include "cleat/base/text.hpp"

namespace cleat::plan {
namespace {

constexpr const char* kScopePointer = "/linux/cgroupsPath";
constexpr std::string_view kSlice = ".slice";

bool is_unit_name(std::string_view name) {
    constexpr std::string_view kPunctuation = ":-_.\\@";  // systemd.unit(5)
    constexpr std::size_t kMost = 255;
    return !name.empty() && name.size() <= kMost && std::ranges::all_of(name, [&](char c) {
        const bool alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        return alphanumeric || kPunctuation.find(c) != std::string_view::npos;
    });
}

/// "a-b.slice" is below "a.slice"; "-.slice" is the root.
bool is_slice_name(std::string_view slice) {
    if (slice == "-.slice") return true;
    if (!is_unit_name(slice) || !slice.ends_with(kSlice)) return false;
    const auto stem = slice.substr(0, slice.size() - kSlice.size());
    return !stem.empty() && !stem.starts_with('-') && !stem.ends_with('-') &&
           stem.find("--") == std::string_view::npos;
}

std::string slice_path(std::string_view slice) {
    if (slice == "-.slice") return "";
    const auto stem = slice.substr(0, slice.size() - kSlice.size());
    std::string path;
    for (std::size_t dash = stem.find('-'); dash != std::string_view::npos;
         dash = stem.find('-', dash + 1))
        path += concat("/", stem.substr(0, dash), kSlice);
    return concat(path, "/", slice);
}

std::unexpected<Error> refuse_path(std::string_view what) {
    return refuse(ErrorKind::InvalidConfig, kScopePointer, std::string(what));
}

/// A user's own systemd is the one that cleat runs under, ".../user@1000.service/...", or next to:
/// a session is ".../user-1000.slice/session-1.scope".
std::string manager_place(const std::string& own_place) {
    const auto begin = own_place.rfind("/user@");
    if (begin != std::string::npos) return own_place.substr(0, own_place.find('/', begin + 1));
    constexpr std::string_view kUser = "/user-";
    const auto slice = own_place.rfind(kUser);
    const auto end = slice == std::string::npos ? slice : own_place.find(kSlice, slice);
    if (end == std::string::npos) return "";
    const auto uid = own_place.substr(slice + kUser.size(), end - slice - kUser.size());
    return concat(own_place.substr(0, end + kSlice.size()), "/user@", uid, ".service");
}

}  // namespace

Result<Scope> find_scope(const Container& container) {
    const auto& path = container.spec.linux.cgroups_path;
    const bool rootless = is_rootless(container.facts);
    Scope scope{.unit = concat("cleat-", container.options.id.str(), ".scope"),
                .slice = rootless ? "user.slice" : "system.slice",
                .manager = rootless ? ServiceManager::User : ServiceManager::System};
    if (path.empty()) return scope;
    const auto parts = split(path, ':');
    constexpr std::size_t kParts = 3;
    if (parts.size() != kParts)
        return refuse_path(concat("cgroup path ", quoted(path),
                                  " must be slice:prefix:name for the systemd cgroup driver"));
    if (!parts[0].empty()) scope.slice = parts[0];
    scope.unit = concat(parts[1], parts[1].empty() ? "" : "-", parts[2], ".scope");
    if (!is_slice_name(scope.slice))
        return refuse_path(concat(quoted(scope.slice), " is not the name of a systemd slice"));
    if (parts[2].empty() || parts[2].ends_with(kSlice) || !is_unit_name(scope.unit))
        return refuse_path(concat(quoted(scope.unit), " is not the name of a systemd scope"));
    return scope;
}

std::string scope_path(const Scope& scope, const std::string& own_place) {
    const std::string manager =
        scope.manager == ServiceManager::User ? manager_place(own_place) : "";
    return concat(manager, slice_path(scope.slice), "/", scope.unit);
}

Result<Steps> scope_steps(const Container& container, const spec::Resources& resources) {
    constexpr std::string_view kAnnotation = "org.systemd.property.";
    const auto& scope = container.plan.scope;
    std::vector<UnitProperty> properties = {
        {"Description", concat("cleat container ", container.options.id.str())},
        {"Slice", scope.slice},
        {"Delegate", true},
        {"DefaultDependencies", false},
        {"CollectMode", std::string("inactive-or-failed")}};
    for (auto& limit : scope_limits(resources, container.plan.cgroups))
        properties.push_back(std::move(limit));
    for (const auto& [key, value] : container.spec.annotations) {
        if (!key.starts_with(kAnnotation)) continue;
        auto property = parse_property(std::string_view(key).substr(kAnnotation.size()), value);
        if (!property) {
            property.error().pointer = pointer_push("/annotations", key);
            return std::unexpected(std::move(property).error());
        }
        std::erase_if(properties, [&](const UnitProperty& p) { return p.name == property->name; });
        properties.push_back(*std::move(property));
    }
    Steps host;
    host.add(StartScope{.scope = scope, .properties = std::move(properties)},
             container.spec.linux.cgroups_path.empty() ? "" : kScopePointer);
    return host;
}

}  // namespace cleat::plan

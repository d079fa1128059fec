// Room: plan. The systemd driver: which unit the container is, where its cgroup will be, and what
// systemd is told about it (systemd.resource-control(5), org.freedesktop.systemd1(5)).
#pragma once

#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "container.hpp"

namespace cleat::plan {

/// The unit that /linux/cgroupsPath ("slice:prefix:name", or nothing) asks for.
[[nodiscard]] Result<Scope> find_scope(const Container& container);

/// Its cgroup below a hierarchy's mount point; `own_place` is cleat's own, which for a user's
/// systemd tells where that one's cgroups are.
[[nodiscard]] std::string scope_path(const Scope& scope, const std::string& own_place);

/// Host: asks systemd for the scope.
[[nodiscard]] Result<Steps> scope_steps(const Container& container,
                                        const spec::Resources& resources);

/// A property's value as a plan prints it.
[[nodiscard]] std::string property_text(const UnitProperty& property);

/// The value of an annotation "org.systemd.property.NAME", in GVariant's text form.
[[nodiscard]] Result<UnitProperty> parse_property(std::string_view name, std::string_view text);

}  // namespace cleat::plan

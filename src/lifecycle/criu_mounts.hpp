// Room: lifecycle. Mounts of a container that are not CRIU's to save: binds of the host's files,
// and what cleat brings from there. Each has a name in the images, by which it is found again.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/plan/plan.hpp"
#include "cleat/spec/config.hpp"

namespace cleat::lifecycle {

using NamedMounts = std::vector<std::pair<std::string, std::string>>;

/// Where the container has them, and their names, from its mountinfo (proc(5)). Names are those of
/// runc: the destination as config.json has it, and for what masks a file, "/dev/null".
[[nodiscard]] NamedMounts external_mounts(std::string_view mountinfo, const plan::Plan& plan);

/// Their names, and what the host has for them now.
[[nodiscard]] NamedMounts mount_sources(const plan::Plan& plan);

/// Makes the mount points that the configuration asks for and that are on no file system that CRIU
/// fills by itself.
[[nodiscard]] Result<void> make_mount_points(const spec::Spec& spec, const std::string& rootfs);

}  // namespace cleat::lifecycle

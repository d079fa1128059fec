// Room: cgroup. The two ways to make the kernel keep a device policy; host process.
#pragma once

#include <string>

#include "cleat/base/error.hpp"
#include "cleat/plan/steps.hpp"
#include "device_rules.hpp"

namespace cleat::cgroup {

/// Writes the list to devices.deny and devices.allow of the v1 cgroup at `path`. With Ignore,
/// lines that the kernel refuses are passed over.
[[nodiscard]] Result<void> write_device_list(const std::string& path, const DeviceList& list,
                                             plan::OnFailure on_failure);

/// Loads the policy's program and attaches it to the unified cgroup at `path`, in place of the one
/// that cleat attached there before, and beside those of others (systemd's).
[[nodiscard]] Result<void> attach_device_program(const std::string& path,
                                                 const DevicePolicy& policy);

}  // namespace cleat::cgroup

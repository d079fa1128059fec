// Room: plan. Device nodes and links in /dev, and the rules about who may use which device.
#pragma once

#include <vector>

#include "container.hpp"

namespace cleat::plan {

/// Init: the default devices (config-linux.md#default-devices), /linux/devices, and the links of
/// /dev; nothing if /dev is the host's.
[[nodiscard]] Steps device_steps(const Container& container);

/// The rules of config.json and those that every container gets.
[[nodiscard]] std::vector<spec::DeviceRule> device_rules(
    const std::vector<spec::DeviceRule>& configured);

}  // namespace cleat::plan

// Room: plan. New limits for a container that is there.
#include <algorithm>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/plan/plan.hpp"
#include "resources.hpp"

namespace cleat::plan {
namespace {

/// The resources as the unit will have them: a quota that is set without a period means the period
/// that is there, and the other way round.
spec::Resources completed(spec::Resources resources, const UpdateOptions& options) {
    if (!resources.cpu || is_set(resources.cpu->quota) == is_set(resources.cpu->period))
        return resources;
    auto& cpu = *resources.cpu;
    if (!is_set(cpu.quota)) cpu.quota = options.quota;
    if (!is_set(cpu.period)) cpu.period = options.period;
    return resources;
}

/// systemd adds to its list of devices what it is told, unless it is told to begin anew.
std::vector<UnitProperty> changes(const spec::Resources& resources, const UpdateOptions& options) {
    std::vector<UnitProperty> properties;
    for (auto& property : scope_limits(completed(resources, options), options.cgroups)) {
        if (property.name == "DeviceAllow")
            properties.push_back(
                {property.name, std::vector<std::pair<std::string, std::string>>{}});
        properties.push_back(std::move(property));
    }
    return properties;
}

/// In config.json such a limit of 0 is no limit; here it changes nothing, as in runc and crun.
void drop_zero_pids_limit(spec::Resources& resources, std::string_view oci_version) {
    if (zero_means_no_pids_limit(oci_version) && resources.pids && resources.pids->limit == 0)
        resources.pids.reset();
}

}  // namespace

bool zero_means_no_pids_limit(std::string_view oci_version) {
    constexpr int kMinor = 3;
    const auto parts = split(oci_version, '.');
    return parts[0] == "1" && parts.size() > 1 &&
           parse_number<int>(parts[1]).value_or(kMinor) < kMinor;
}

/// What systemd writes is rounded, and on v1 its devices are more than ours: what it has accepted
/// is written once more.
Result<Plan> compile_update(spec::Resources resources, const UpdateOptions& options) {
    drop_zero_pids_limit(resources, options.oci_version);
    auto steps = TRY(resource_steps(resources, options.cgroups, {.pointer = ""})).take();
    Plan plan{.scope = options.scope, .cgroups = options.cgroups};
    if (options.scope.unit.empty()) {
        plan.host = std::move(steps);
        return plan;
    }
    const auto devices = std::ranges::find_if(steps, [](const Step& step) {
        return std::holds_alternative<SetCgroupDevices>(step.action);
    });
    plan.cgroup_driver = CgroupDriver::Systemd;
    plan.host.assign(steps.begin(), devices);
    if (auto properties = changes(resources, options); !properties.empty()) {
        plan.host.push_back(
            {.action = ChangeScope{.scope = options.scope, .properties = std::move(properties)},
             .origin = ""});
        plan.host.insert(plan.host.end(), steps.begin(), devices);
    }
    plan.host.insert(plan.host.end(), devices, steps.end());
    return plan;
}

}  // namespace cleat::plan

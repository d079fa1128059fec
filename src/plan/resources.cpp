// Room: plan. Resources: which hierarchy has which controller. What no hierarchy can limit is an
// error that names the property; nothing is left out in silence.
#include "resources.hpp"

#include <utility>

#include "cgroup_places.hpp"
#include "cleat/base/text.hpp"
#include "devices.hpp"

namespace cleat::plan {
namespace {

using Cgroups = std::vector<CgroupDirectory>;

std::optional<std::uint16_t> find_controller(const Cgroups& cgroups,
                                             std::string_view name) noexcept {
    for (std::size_t i = 0; i < cgroups.size(); ++i)
        if (std::ranges::find(cgroups[i].controllers, name) != cgroups[i].controllers.end())
            return static_cast<std::uint16_t>(i);
    return std::nullopt;
}

Result<Steps> memory_steps(const spec::Memory& memory, CgroupAge age, Controller out) {
    out.unified() ? write_memory_v2(memory, age, out) : write_memory_v1(memory, age, out);
    return std::move(out).finish();
}

Result<Steps> cpu_steps(const spec::Cpu& cpu, CgroupAge age, Controller out) {
    out.unified() ? write_cpu_v2(cpu, age, out) : write_cpu_v1(cpu, age, out);
    return std::move(out).finish();
}

/// Files and values are the same in both generations.
Result<Steps> cpuset_steps(const spec::Cpu& cpu, Controller out) {
    if (!cpu.cpus.empty()) out.write("cpus", "cpuset.cpus", cpu.cpus);
    if (!cpu.mems.empty()) out.write("mems", "cpuset.mems", cpu.mems);
    return std::move(out).finish();
}

Result<Steps> pids_steps(const spec::Pids& pids, Controller out) {
    out.unified() ? write_pids_v2(pids, out) : write_pids_v1(pids, out);
    return std::move(out).finish();
}

Result<Steps> block_io_steps(const spec::BlockIo& block_io, Controller out) {
    out.unified() ? write_block_io_v2(block_io, out) : write_block_io_v1(block_io, out);
    return std::move(out).finish();
}

Result<Steps> hugepage_steps(const std::vector<spec::HugepageLimit>& limits, Controller out) {
    out.unified() ? write_hugepages_v2(limits, out) : write_hugepages_v1(limits, out);
    return std::move(out).finish();
}

Result<Steps> class_id_steps(const spec::Network& network, Controller out) {
    if (is_set(network.class_id))
        out.write("classID", "net_cls.classid", concat(*network.class_id));
    return std::move(out).finish();
}

Result<Steps> network_priority_steps(const spec::Network& network, Controller out) {
    for (std::size_t i = 0; i < network.priorities.size(); ++i) {
        const auto& [name, priority] = network.priorities[i];
        out.write(concat("priorities/", i), "net_prio.ifpriomap", concat(name, " ", priority));
    }
    return std::move(out).finish();
}

Result<Steps> rdma_steps(const std::map<std::string, spec::Rdma>& rdma, Controller out) {
    for (const auto& [device, limits] : rdma) {
        std::string value = device;
        if (limits.hca_handles) value += concat(" hca_handle=", *limits.hca_handles);
        if (limits.hca_objects) value += concat(" hca_object=", *limits.hca_objects);
        out.write(pointer_push("", device).substr(1), "rdma.max", value);
    }
    return std::move(out).finish();
}

/// "memory.high" is of the memory controller; files of cgroup v2 itself begin with "cgroup".
Result<void> check_unified(const CgroupDirectory& cgroup, const std::string& file,
                           const std::string& pointer) {
    const std::string controller = file.substr(0, file.find('.'));
    if (file.empty() || file.find('/') != std::string::npos || controller == file)
        return refuse(ErrorKind::InvalidConfig, pointer,
                      concat(quoted(file), " is not the name of a cgroup v2 file"));
    const auto& known = cgroup.controllers;
    if (controller == "cgroup" || std::ranges::find(known, controller) != known.end()) return {};
    return refuse(ErrorKind::Unsupported, pointer,
                  concat("the cgroup v2 of this host has no ", controller, " controller"));
}

Result<Steps> unified_steps(const std::map<std::string, std::string>& files, const Cgroups& cgroups,
                            const std::string& pointer) {
    Steps steps;
    const auto cgroup = unified_index(cgroups);
    for (const auto& [file, value] : files) {
        const std::string origin = pointer_push(pointer, file);
        if (!cgroup)
            return refuse(ErrorKind::Unsupported, origin,
                          concat(quoted(file), " needs a cgroup v2 hierarchy"));
        TRY(check_unified(cgroups[*cgroup], file, origin));
        // A file with one line per device takes one line per write (cgroup-v2.rst, io.max).
        for (const auto line : split(value, '\n'))
            if (!line.empty())
                steps.add(WriteCgroup{.cgroup = *cgroup, .file = file, .value = std::string(line)},
                          origin);
    }
    return steps;
}

Steps device_rule_steps(const std::vector<spec::DeviceRule>& rules, const Cgroups& cgroups,
                        const ResourceOptions& options) {
    Steps steps;
    // A new cgroup without rules would be open to every device there is.
    if (rules.empty() && options.age == CgroupAge::InUse) return steps;
    if (const auto cgroup = devices_cgroup(cgroups))
        steps.add(
            SetCgroupDevices{
                .cgroup = *cgroup, .rules = device_rules(rules), .on_failure = options.devices},
            rules.empty() ? "" : concat(options.pointer, "/devices"));
    return steps;
}

}  // namespace

std::optional<std::uint16_t> cgroup_of(const Action& action) noexcept {
    if (const auto* made = std::get_if<MakeCgroup>(&action)) return made->cgroup;
    if (const auto* written = std::get_if<WriteCgroup>(&action)) return written->cgroup;
    if (const auto* ruled = std::get_if<SetCgroupDevices>(&action)) return ruled->cgroup;
    if (const auto* given = std::get_if<DelegateCgroup>(&action)) return given->cgroup;
    if (const auto* below = std::get_if<MakeSubgroup>(&action)) return below->cgroup;
    if (const auto* clone = std::get_if<Clone>(&action)) return clone->into_cgroup;
    return std::nullopt;
}

std::optional<std::uint16_t> devices_cgroup(const Cgroups& cgroups) noexcept {
    const auto v1 = find_controller(cgroups, "devices");
    return v1 ? v1 : unified_index(cgroups);
}

Controller::Controller(Place place)
    : place_(std::move(place)), cgroup_(find_controller(place_.cgroups, place_.name)) {
    unified_ = cgroup_ && place_.cgroups[*cgroup_].unified;
}

void Controller::write(std::string_view property, std::string file, std::string value,
                       OnFailure on_failure) {
    // What nobody limits is not limited already: Docker writes a pids limit of none.
    if (!cgroup_ && (value == "max" || value == "-1")) return;
    if (!cgroup_) return refuse(property, concat("this host has no ", place_.name, " cgroup"));
    steps_.push_back({.action = WriteCgroup{.cgroup = *cgroup_,
                                            .file = std::move(file),
                                            .value = std::move(value),
                                            .on_failure = on_failure},
                      .origin = concat(place_.pointer, "/", property)});
}

void Controller::refuse(std::string_view property, std::string_view why) {
    if (error_) return;
    error_ = Error{.kind = ErrorKind::Unsupported,
                   .what = concat(property, " cannot be limited: ", why),
                   .pointer = concat(place_.pointer, "/", property)};
}

void Controller::unless_above(std::string usage_file) {
    if (!steps_.empty())
        std::get<WriteCgroup>(steps_.back().action).usage_file = std::move(usage_file);
}

void Controller::after_first() {
    if (!steps_.empty()) std::get<WriteCgroup>(steps_.back().action).keeps_first = true;
}

Result<Steps> Controller::finish() && {
    if (error_) return std::unexpected(*std::move(error_));
    Steps steps;
    for (auto& step : steps_) steps.add(std::move(step.action), std::move(step.origin));
    return steps;
}

Result<Steps> resource_steps(const spec::Resources& resources, const Cgroups& cgroups,
                             const ResourceOptions& options) {
    const auto pointer = options.pointer;
    const auto age = options.age;
    const auto controller = [&cgroups, pointer](std::string_view name, std::string_view property) {
        return Controller({.cgroups = cgroups, .name = name, .pointer = concat(pointer, property)});
    };
    const auto block_io = find_controller(cgroups, "blkio") ? "blkio" : "io";
    Steps steps;
    // Devices come first: no other limit keeps a process from harm to the host. In a cgroup in use
    // they come last, because an update that fails is taken back, and rules cannot be read back.
    if (age == CgroupAge::New) steps += device_rule_steps(resources.devices, cgroups, options);
    if (resources.memory)
        steps += TRY(memory_steps(*resources.memory, age, controller("memory", "/memory")));
    if (resources.cpu) {
        steps += TRY(cpu_steps(*resources.cpu, age, controller("cpu", "/cpu")));
        steps += TRY(cpuset_steps(*resources.cpu, controller("cpuset", "/cpu")));
    }
    if (resources.pids) steps += TRY(pids_steps(*resources.pids, controller("pids", "/pids")));
    if (resources.block_io)
        steps += TRY(block_io_steps(*resources.block_io, controller(block_io, "/blockIO")));
    steps +=
        TRY(hugepage_steps(resources.hugepage_limits, controller("hugetlb", "/hugepageLimits")));
    if (resources.network) {
        steps += TRY(class_id_steps(*resources.network, controller("net_cls", "/network")));
        steps +=
            TRY(network_priority_steps(*resources.network, controller("net_prio", "/network")));
    }
    steps += TRY(rdma_steps(resources.rdma, controller("rdma", "/rdma")));
    // Last, because it is the engine's last word on files that the above may have written.
    steps += TRY(unified_steps(resources.unified, cgroups, concat(pointer, "/unified")));
    if (age == CgroupAge::InUse) steps += device_rule_steps(resources.devices, cgroups, options);
    return steps;
}

}  // namespace cleat::plan

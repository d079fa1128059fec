// Room: lifecycle. `update`: new limits for a live container. Runs in the host process.
#include <utility>
#include <variant>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/kernel/rdt.hpp"
#include "cleat/sys/files.hpp"
#include "config.hpp"
#include "container.hpp"

namespace cleat::lifecycle {
namespace {

Result<void> apply_one(const plan::Step& step, const cgroup::Directories& directories) {
    Result<void> done;
    if (const auto* write = std::get_if<plan::WriteCgroup>(&step.action))
        done = cgroup::apply(*write, directories);
    else if (const auto* devices = std::get_if<plan::SetCgroupDevices>(&step.action))
        done = cgroup::apply(*devices, directories);
    else
        done = fail(ErrorKind::Internal, "a step that is none of resources");
    if (!done && done.error().pointer.empty()) done.error().pointer = step.origin;
    return done;
}

/// Two limits that bound each other (memory and memory+swap, quota and period) can be written in
/// one order when they grow and in the other when they shrink: what was refused is tried again
/// after the rest, for as long as that helps.
Result<void> apply_all(std::vector<plan::Step> steps, const cgroup::Directories& directories) {
    for (;;) {
        std::vector<plan::Step> refused;
        Result<void> first;
        const auto count = steps.size();
        for (auto& step : steps) {
            auto done = apply_one(step, directories);
            if (done) continue;
            if (refused.empty()) first = std::move(done);
            refused.push_back(std::move(step));
        }
        if (refused.empty() || refused.size() == count) return first;
        steps = std::move(refused);
    }
}

/// What takes the steps back: the values of now, last written first.
std::vector<plan::Step> reversal(const std::vector<plan::Step>& steps,
                                 const cgroup::Directories& directories) {
    std::vector<plan::Step> back;
    for (auto step = steps.rbegin(); step != steps.rend(); ++step)
        if (const auto* write = std::get_if<plan::WriteCgroup>(&step->action))
            if (auto old = cgroup::current(*write, directories))
                back.push_back({.action = *std::move(old), .origin = step->origin});
    return back;
}

/// The rules of devices cannot be taken back, so they come last. What systemd writes is rounded,
/// and on v1 its devices are more than ours: what it has accepted is written once more.
Result<void> change(const store::State& state, const spec::Resources& resources,
                    std::vector<plan::Step> steps) {
    const auto directories = directories_of(state.cgroups);
    std::vector<plan::Step> limits;
    std::vector<plan::Step> devices;
    for (auto& step : steps)
        (std::holds_alternative<plan::WriteCgroup>(step.action) ? limits : devices)
            .push_back(std::move(step));
    TRY(apply_all(limits, directories));
    if (!state.scope.unit.empty()) {
        TRY(cgroup::set_scope_limits(scope_of(state.scope),
                                     plan::scope_limits(resources, directories)));
        TRY(apply_all(std::move(limits), directories));
    }
    return apply_all(std::move(devices), directories);
}

Result<void> write_schemata(const std::string& group, const std::vector<std::string>& lines) {
    for (const auto& line : lines) TRY(kernel::write_rdt_schema({.group = group, .schema = line}));
    return {};
}

Result<void> update_resources(const Container& container, const std::string& resources) {
    constexpr std::string_view kDocument = "resources";
    const auto decoded = TRY(accept(spec::decode_resources(resources), kDocument));
    const auto directories = directories_of(container.state.cgroups);
    if (directories.empty())
        return fail(ErrorKind::Unsupported, "a container without a cgroup has no limits");
    const auto place = [&](Error error) {
        return std::unexpected(located(std::move(error), resources, kDocument));
    };
    auto steps = plan::compile_resources(decoded, directories, "");
    if (!steps) return place(std::move(steps).error());
    auto back = reversal(*steps, directories);
    auto done = change(container.state, decoded, *std::move(steps));
    if (done) return done;
    const auto undone = apply_all(std::move(back), directories);
    if (!undone) warn(concat("limits are changed in part: ", describe(undone.error())));
    return place(std::move(done).error());
}

}  // namespace

Result<void> update(const Settings& settings, const ContainerId& id, const Update& update) {
    const auto container = TRY(open_container(settings, id));
    if (status_of(container) == Status::Stopped)
        return fail(ErrorKind::State, "container not running");
    if (update.rdt_schemata.empty()) return update_resources(container, update.resources);
    const std::string& group = container.state.rdt.group;
    if (group.empty())
        return fail(ErrorKind::Unsupported, "the container has no intelRdt group to update");
    const auto before = TRY(sys::read_text_at(sys::kHere, (group + "/schemata").c_str()));
    auto done = write_schemata(group, update.rdt_schemata);
    if (done && !update.resources.empty()) done = update_resources(container, update.resources);
    if (done) return done;
    const auto undone = kernel::write_rdt_schema({.group = group, .schema = before});
    if (!undone) warn(concat("schemata are changed in part: ", describe(undone.error())));
    return done;
}

}  // namespace cleat::lifecycle

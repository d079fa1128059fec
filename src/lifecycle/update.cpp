// Room: lifecycle. `update`: new limits for a live container. Runs in the host process.
#include <algorithm>
#include <iterator>
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

using Steps = std::vector<plan::Step>;

bool is_write(const plan::Step& step) {
    return std::holds_alternative<plan::WriteCgroup>(step.action);
}

Result<void> apply_one(const plan::Step& step, const cgroup::Directories& directories) {
    Result<void> done;
    if (const auto* write = std::get_if<plan::WriteCgroup>(&step.action))
        done = cgroup::apply(*write, directories);
    else if (const auto* devices = std::get_if<plan::SetCgroupDevices>(&step.action))
        done = cgroup::apply(*devices, directories);
    else if (const auto* scope = std::get_if<plan::ChangeScope>(&step.action))
        done = cgroup::change_scope(*scope);
    else if (const auto* schema = std::get_if<plan::WriteRdtSchema>(&step.action))
        done = kernel::write_rdt_schema(*schema);
    else
        done = fail(ErrorKind::Internal, "a step that is none of an update");
    if (!done && done.error().pointer.empty()) done.error().pointer = step.origin;
    return done;
}

/// Two limits that bound each other (memory and memory+swap, quota and period) can be written in
/// one order when they grow and in the other when they shrink: what was refused is tried again
/// after the rest, for as long as that helps.
Result<void> apply_writes(Steps steps, const cgroup::Directories& directories) {
    for (;;) {
        Steps refused;
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

/// The steps in their order; writes that follow each other find their own.
Result<void> apply_all(const Steps& steps, const cgroup::Directories& directories) {
    for (auto step = steps.begin(); step != steps.end();) {
        const auto next = std::find_if_not(step, steps.end(), is_write);
        TRY(apply_writes(Steps(step, next), directories));
        step = next;
        if (step != steps.end()) TRY(apply_one(*step++, directories));
    }
    return {};
}

/// The schemata that the group has now, as a step.
Result<plan::Step> old_schemata(const plan::WriteRdtSchema& step) {
    const std::string file = step.group + "/schemata";
    auto text = TRY(sys::read_text_at(sys::kHere, file.c_str()));
    return plan::Step{
        .action = plan::WriteRdtSchema{.group = step.group, .schema = std::move(text)},
        .origin = {}};
}

/// What takes the steps back: the values of now, those of systemd first, then those of the files,
/// last written first. Device rules come last in a plan, as they cannot be taken back.
Result<Steps> reversal(const plan::Plan& plan) {
    Steps back;
    for (const auto& step : plan.host)
        if (const auto* schema = std::get_if<plan::WriteRdtSchema>(&step.action))
            back.push_back(TRY(old_schemata(*schema)));
    for (const auto& step : plan.host)
        if (const auto* scope = std::get_if<plan::ChangeScope>(&step.action))
            back.push_back({.action = TRY(cgroup::current(*scope)), .origin = step.origin});
    for (auto step = plan.host.rbegin(); step != plan.host.rend(); ++step)
        if (const auto* write = std::get_if<plan::WriteCgroup>(&step->action))
            if (auto old = cgroup::current(*write, plan.cgroups))
                back.push_back({.action = *std::move(old), .origin = step->origin});
    return back;
}

/// What the kernel keeps of a quota and its period: "20000 100000", or "max 100000".
void read_quota(plan::UpdateOptions& options) {
    const auto& cgroups = options.cgroups;
    const auto cpu = std::ranges::find_if(cgroups, [](const auto& cgroup) {
        return std::ranges::find(cgroup.controllers, "cpu") != cgroup.controllers.end();
    });
    if (cpu == cgroups.end()) return;
    const auto value_of = [&](const char* file) {
        const auto index = static_cast<std::uint16_t>(cpu - cgroups.begin());
        const auto now = cgroup::current({.cgroup = index, .file = file, .value = {}}, cgroups);
        return now ? now->value : std::string();
    };
    const std::string text =
        cpu->unified ? value_of("cpu.max")
                     : concat(value_of("cpu.cfs_quota_us"), " ", value_of("cpu.cfs_period_us"));
    const auto words = split(text, ' ');
    options.quota = parse_number<std::int64_t>(words.front());
    options.period = parse_number<std::uint64_t>(words.back());
}

Result<plan::Plan> compile_resources(const Container& container, const std::string& resources) {
    const auto& state = container.state;
    constexpr std::string_view kDocument = "resources";
    const auto decoded = TRY(accept(spec::decode_resources(resources), kDocument));
    plan::UpdateOptions options{.cgroups = directories_of(state.cgroups),
                                .scope = scope_of(state.scope)};
    if (options.cgroups.empty())
        return fail(ErrorKind::Unsupported, "a container without a cgroup has no limits");
    if (!options.scope.unit.empty()) read_quota(options);
    if (decoded.pids && decoded.pids->limit == 0)
        options.oci_version = TRY(config_of(container)).spec.oci_version;
    return plan::compile_update(decoded, options);
}

Result<plan::Plan> compile(const Container& container, const UpdateOptions& options) {
    const auto& state = container.state;
    plan::Plan plan;
    if (!options.resources.empty() || options.rdt_schemata.empty())
        plan = TRY(compile_resources(container, options.resources));
    if (!options.rdt_schemata.empty() && state.rdt.group.empty())
        return fail(ErrorKind::Unsupported, "the container has no intelRdt group to update");
    std::vector<plan::Step> steps;
    for (const auto& schema : options.rdt_schemata)
        steps.push_back({.action = plan::WriteRdtSchema{.group = state.rdt.group, .schema = schema},
                         .origin = {}});
    plan.host.insert(plan.host.begin(), std::make_move_iterator(steps.begin()),
                     std::make_move_iterator(steps.end()));
    return plan;
}

Result<void> apply(const plan::Plan& plan) {
    const auto back = TRY(reversal(plan));
    auto done = apply_all(plan.host, plan.cgroups);
    if (done) return done;
    const auto undone = apply_all(back, plan.cgroups);
    if (!undone) warn(concat("limits are changed in part: ", describe(undone.error())));
    return done;
}

}  // namespace

Result<plan::Plan> update(const Settings& settings, const ContainerId& id,
                          const UpdateOptions& options) {
    const auto container = TRY(open_container(settings, id));
    if (TRY(status_of(container)) == Status::Stopped)
        return fail(ErrorKind::State, "container not running");
    const auto place = [&](Error error) {
        return std::unexpected(located(std::move(error), options.resources, "resources"));
    };
    auto plan = compile(container, options);
    if (!plan) return place(std::move(plan).error());
    if (options.mode == UpdateOptions::Mode::DryRun) return plan;
    if (auto done = apply(*plan); !done) return place(std::move(done).error());
    return plan;
}

}  // namespace cleat::lifecycle

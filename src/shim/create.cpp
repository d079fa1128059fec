// Room: shim. Create and Exec: what is asked is checked here, the container is made in an errand.
#include <algorithm>
#include <utility>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "making.hpp"
#include "options.hpp"
#include "tasks.hpp"

namespace cleat::shim {
namespace {

constexpr std::string_view kRoot = "/run/containerd/cleat";

std::expected<RuntimeOptions, Status> options_of(const TaskRequest& request) {
    auto options = read_options(request.body);
    if (!options || options->config_path.empty()) return options;
    const auto text = sys::read_text_at(sys::kHere, options->config_path.c_str());
    if (!text) return std::unexpected(status_of(text.error(), "runtime options"));
    if (auto read = read_table(*text, *options); !read)
        return std::unexpected(std::move(read).error());
    return options;
}

lifecycle::Settings settings_of(const RuntimeOptions& options, const std::string& name_space) {
    return {.root = concat(options.root.empty() ? kRoot : options.root, "/", name_space),
            .cgroup_driver = options.systemd_cgroup ? plan::CgroupDriver::Systemd
                                                    : plan::CgroupDriver::Filesystem,
            .driver_choice = lifecycle::Settings::Choice::ByPath};
}

}  // namespace

void Tasks::create(const TaskRequest& request, Caller caller) {
    const auto fail_with = [&](Status status) {
        home_.answer(caller, std::unexpected(std::move(status)));
    };
    if (containers_.contains(request.id))
        return fail_with(
            {Code::AlreadyExists, concat("container ", request.id, ": already exists")});
    const auto id = ContainerId::parse(request.id);
    if (!id) return fail_with(status_of(id.error(), ""));
    auto options = options_of(request);
    if (!options) return fail_with(std::move(options).error());
    if (!options->binary_name.empty())
        warn(concat("BinaryName ", quoted(options->binary_name),
                    " has no effect: this shim is the runtime itself"));
    auto container = std::make_shared<Container>();
    container->id = request.id;
    container->bundle = request.bundle;
    container->settings = settings_of(*options, home_.name_space);
    container->rootfs_mounted = !request.rootfs.empty();
    if (!request.checkpoint.empty())
        container->images = Images{.bundle = request.bundle,
                                   .path = request.checkpoint,
                                   .work_path = options->criu_work_path};
    container->owner = {.uid = options->io_uid, .gid = options->io_gid};
    container->init->streams = request.streams;
    container->init->stdio = std::make_unique<Stdio>(home_.loop);
    if (auto opened = container->init->stdio->open(request.streams, container->owner); !opened)
        return fail_with(status_of(opened.error(), "OCI runtime create failed"));
    containers_.emplace(request.id, container);
    const Making making{.settings = container->settings,
                        .id = *id,
                        .streams = request.streams,
                        .name_space = home_.name_space};
    const auto work = [&] {
        return container->images ? await_restore(making, request)
                                 : make_container(making, request, *options);
    };
    busy_with({.target = {container, container->init},
               .standard = container->init->stdio->ends(),
               .work = work,
               .done = [this, container, request, caller](Result<Yield> yield) {
                   if (!yield) {
                       containers_.erase(container->id);
                       deny(caller, yield.error(), "OCI runtime create failed");
                       think_of_the_end();
                       return;
                   }
                   created(container, request, *std::move(yield));
                   home_.answer(caller, encode_pid(container->init->pid));
               }});
}

void Tasks::created(const ContainerPtr& container, const TaskRequest& request, Yield yield) {
    if (!container->images) born(container, std::move(yield));
    container->init->stage = Stage::Created;
    home_.events.publish(create_event(request, container->init->pid));
}

/// There is a process, which has its ends of the streams.
void Tasks::born(const ContainerPtr& container, Yield yield) {
    auto made = read_made(yield);
    auto& init = *container->init;
    init.pid = made.pid;
    init.logger = made.logger;
    container->own_pid_namespace = made.own_pid_namespace;
    init.stdio->begin(std::move(made.console));
    if (made.memory) {
        auto watch = cgroup::OomWatch::open({*made.memory});
        if (watch)
            container->oom = std::make_unique<OomAlarm>(
                home_.loop, *std::move(watch), [this, id = container->id] {
                    home_.events.publish(moment_event(Moment::Oom, id));
                });
        else
            warn(concat("no OOM events: ", describe(watch.error())));
    }
}

void Tasks::exec(const TaskRequest& request, Caller caller) {
    const auto container = find_container(request, caller);
    if (!container) return;
    const auto refused = [&](Code code, std::string_view text) { deny(caller, code, text); };
    if (request.exec_id.empty() || !ContainerId::parse(request.exec_id))
        return refused(Code::InvalidArgument, concat("exec id ", quoted(request.exec_id)));
    if (container->execs.contains(request.exec_id))
        return refused(Code::AlreadyExists, concat("id ", request.exec_id, ": already exists"));
    if (container->init->stage == Stage::Stopped)
        return refused(Code::FailedPrecondition, "cannot exec in a stopped state");
    if (container->init->stage == Stage::Paused)
        return refused(Code::FailedPrecondition, "cannot exec in a paused state");
    auto process = std::make_shared<Process>();
    process->exec_id = request.exec_id;
    process->streams = request.streams;
    process->document = request.body.value;
    container->execs.emplace(request.exec_id, std::move(process));
    home_.events.publish(exec_added_event({.container = container->id, .exec = request.exec_id}));
    consent(caller);
}

}  // namespace cleat::shim

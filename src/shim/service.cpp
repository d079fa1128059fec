// Room: shim. The methods of containerd's task service, and the questions that are answered from
// what is known.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "cleat/base/text.hpp"
#include "tasks.hpp"

namespace cleat::shim {

/// One row of the service; a method that is done in turn waits for the one before it, a signal only
/// until there is somebody to send it to: what hangs can be ended.
struct Method {
    enum class Order { AtOnce, OnceThere, InTurn };
    std::string_view name;
    Shape shape;
    Order order;
    Tasks::Run run;
};

struct MethodTable {
    static constexpr std::array<Method, 17> kMethods = {{
        {"Create", Shape::Create, Method::Order::AtOnce, &Tasks::create},
        {"Start", Shape::Plain, Method::Order::InTurn, &Tasks::start},
        {"Delete", Shape::Plain, Method::Order::InTurn, &Tasks::remove},
        {"State", Shape::Plain, Method::Order::AtOnce, &Tasks::state},
        {"Wait", Shape::Plain, Method::Order::AtOnce, &Tasks::wait},
        {"Kill", Shape::Kill, Method::Order::OnceThere, &Tasks::kill},
        {"Exec", Shape::Exec, Method::Order::AtOnce, &Tasks::exec},
        {"ResizePty", Shape::Resize, Method::Order::InTurn, &Tasks::resize},
        {"CloseIO", Shape::Plain, Method::Order::InTurn, &Tasks::close_io},
        {"Pids", Shape::Plain, Method::Order::AtOnce, &Tasks::pids},
        {"Pause", Shape::Plain, Method::Order::InTurn, &Tasks::pause},
        {"Resume", Shape::Plain, Method::Order::InTurn, &Tasks::resume},
        {"Checkpoint", Shape::Checkpoint, Method::Order::InTurn, &Tasks::checkpoint},
        {"Update", Shape::Update, Method::Order::InTurn, &Tasks::update},
        {"Stats", Shape::Plain, Method::Order::AtOnce, &Tasks::stats},
        {"Connect", Shape::Plain, Method::Order::AtOnce, &Tasks::connect},
        {"Shutdown", Shape::Plain, Method::Order::AtOnce, &Tasks::shutdown},
    }};
};

namespace {

/// The messages of both are the same.
constexpr std::array<std::string_view, 2> kServices = {"containerd.task.v2.Task",
                                                       "containerd.task.v3.Task"};

TaskStatus status_of(const Process& process) {
    switch (process.stage) {
        case Stage::New:
            return process.exec_id.empty() ? TaskStatus::Unknown : TaskStatus::Created;
        case Stage::Created:
            return TaskStatus::Created;
        case Stage::Running:
            return TaskStatus::Running;
        case Stage::Paused:
            return TaskStatus::Paused;
        case Stage::Stopped:
            return TaskStatus::Stopped;
    }
    return TaskStatus::Unknown;
}

}  // namespace

void Tasks::call(const Request& request, Caller caller) {
    const auto unimplemented = [&](std::string_view what) {
        deny(caller, Code::Unimplemented, concat(what, " is not served here"));
    };
    if (std::ranges::find(kServices, request.service) == kServices.end()) {
        unimplemented(concat("service ", request.service));
        return;
    }
    const auto& methods = MethodTable::kMethods;
    const auto method = std::ranges::find(methods, request.method, &Method::name);
    if (method == methods.end()) {
        unimplemented(concat("method ", request.method));
        return;
    }
    const auto body = read_task_request(method->shape, request.payload);
    if (!body)
        deny(caller, Code::InvalidArgument, "the request is damaged");
    else
        dispatch(*method, *body, caller);
}

void Tasks::dispatch(const Method& method, const TaskRequest& request, Caller caller) {
    if (method.order != Method::Order::AtOnce) {
        const auto target = find(request, caller);
        if (!target) return;
        const bool there = method.order == Method::Order::OnceThere && target->process->pid > 0;
        if (target->process->busy && !there) {
            target->process->deferred.push_back({method, request, caller});
            return;
        }
    }
    (this->*method.run)(request, caller);
}

ContainerPtr Tasks::container_of(const std::string& id) const {
    const auto found = containers_.find(id);
    return found == containers_.end() ? nullptr : found->second;
}

void Tasks::deny(Caller caller, Code code, std::string_view text) {
    home_.answer(caller, refuse(code, std::string(text)));
}

void Tasks::deny(Caller caller, const Error& error, std::string_view context) {
    home_.answer(caller, std::unexpected(shim::status_of(error, context)));
}

ContainerPtr Tasks::find_container(const TaskRequest& request, Caller caller) {
    auto container = container_of(request.id);
    if (!container) deny(caller, Code::NotFound, "container not created: not found");
    return container;
}

std::optional<Target> Tasks::find(const TaskRequest& request, Caller caller) {
    const auto container = find_container(request, caller);
    if (!container) return std::nullopt;
    if (request.exec_id.empty()) return Target{container, container->init};
    const auto exec = container->execs.find(request.exec_id);
    if (exec != container->execs.end()) return Target{container, exec->second};
    deny(caller, Code::NotFound, concat("process does not exist ", request.exec_id, ": not found"));
    return std::nullopt;
}

void Tasks::busy_with(Job job) {
    job.target.process->busy = true;
    home_.errands.send(
        job.standard, job.work,
        [this, target = job.target, done = std::move(job.done)](Result<Yield> yield) {
            target.process->busy = false;
            done(std::move(yield));
            settle(target.container);
            if (!target.process->busy) resume_deferred(*target.process);
        });
}

void Tasks::resume_deferred(Process& process) {
    const auto deferred = std::exchange(process.deferred, {});
    for (const auto& each : deferred) dispatch(each.method, each.request, each.caller);
}

void Tasks::busy_with(const Target& target, Errands::Work work, Caller caller, Loop::Task done) {
    busy_with({.target = target,
               .work = std::move(work),
               .done = [this, caller, done = std::move(done)](Result<Yield> yield) {
                   if (!yield) return deny(caller, yield.error(), "");
                   if (done) done();
                   consent(caller);
               }});
}

void Tasks::state(const TaskRequest& request, Caller caller) {
    const auto target = find(request, caller);
    if (!target) return;
    const auto& process = *target->process;
    home_.answer(caller, encode(StateAnswer{.id = target->container->id,
                                            .bundle = target->container->bundle,
                                            .exec_id = process.exec_id,
                                            .pid = process.pid,
                                            .status = status_of(process),
                                            .streams = process.streams,
                                            .exit = process.exit}));
}

void Tasks::wait(const TaskRequest& request, Caller caller) {
    const auto target = find(request, caller);
    if (!target) return;
    if (target->process->told)
        home_.answer(caller, encode_wait(target->process->exit));
    else
        target->process->waiters.push_back(caller);
}

void Tasks::connect(const TaskRequest& request, Caller caller) {
    const auto container = container_of(request.id);
    home_.answer(caller, encode_connect(::getpid(), container ? container->init->pid : 0));
}

void Tasks::shutdown(const TaskRequest& /*request*/, Caller caller) {
    consent(caller);
    if (containers_.empty())
        home_.shut_down();
    else
        shutdown_refused_ = true;
}

/// Some versions of containerd ask only once, for the container that the others hang on, and are
/// refused while one of those is still there. Who was asked once ends when the last one is gone.
void Tasks::think_of_the_end() {
    constexpr std::chrono::seconds kGrace{5};
    home_.loop.cancel(std::exchange(grace_, 0));
    if (!containers_.empty() || !shutdown_refused_) return;
    grace_ = home_.loop.after(kGrace, [this] {
        if (containers_.empty()) home_.shut_down();
    });
}

}  // namespace cleat::shim

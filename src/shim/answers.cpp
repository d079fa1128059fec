// Room: shim. Answers and events, written. Pure.
#include "messages.hpp"

namespace cleat::shim {
namespace {

/// Of pids and exit statuses, which are never negative.
std::uint64_t number_of(int value) { return static_cast<std::uint32_t>(value); }

Writer of_container(const std::string& id) { return std::move(Writer().text(1, id)); }

}  // namespace

Writer encode(const Timestamp& moment) {
    Writer out;
    out.number(1, static_cast<std::uint64_t>(moment.seconds));
    out.number(2, static_cast<std::uint64_t>(static_cast<std::int64_t>(moment.nanoseconds)));
    return out;
}

Writer write_any(std::string_view type, std::string_view value) {
    Writer out;
    out.text(1, type).text(2, value);
    return out;
}

std::string encode(const StateAnswer& answer) {
    Writer out;
    out.text(1, answer.id).text(2, answer.bundle).number(3, number_of(answer.pid));
    out.number(4, static_cast<std::uint32_t>(answer.status));
    out.text(5, answer.streams.in).text(6, answer.streams.out).text(7, answer.streams.err);
    out.number(8, answer.streams.terminal ? 1 : 0);
    out.number(9, number_of(answer.exit.status));
    // Absent, it is the zero of Go's time, not 1970.
    if (answer.exit.at.seconds != 0) out.message(10, encode(answer.exit.at));
    return out.text(11, answer.exec_id).take();
}

std::string encode_pid(pid_t pid) { return Writer().number(1, number_of(pid)).take(); }

std::string encode_wait(const Exit& exit) {
    return Writer().number(1, number_of(exit.status)).message(2, encode(exit.at)).take();
}

std::string encode_delete(pid_t pid, const Exit& exit) {
    Writer out;
    out.number(1, number_of(pid)).number(2, number_of(exit.status));
    return out.message(3, encode(exit.at)).take();
}

std::string encode_connect(pid_t shim, pid_t task) {
    return Writer().number(1, number_of(shim)).number(2, number_of(task)).text(3, "cleat").take();
}

Event create_event(const TaskRequest& request, pid_t pid) {
    Writer out = of_container(request.id);
    out.text(2, request.bundle);
    for (const auto& mount : request.rootfs) {
        Writer one;
        one.text(1, mount.type).text(2, mount.source).text(3, mount.target);
        for (const auto& option : mount.options) one.message(4, option);
        out.message(3, one);
    }
    Writer streams;
    streams.text(1, request.streams.in).text(2, request.streams.out).text(3, request.streams.err);
    streams.number(4, request.streams.terminal ? 1 : 0);
    out.message(4, streams).text(5, request.checkpoint).number(6, number_of(pid));
    return {.topic = "/tasks/create",
            .type = "containerd.events.TaskCreate",
            .message = out.take(),
            .at = now()};
}

Event started_event(const Subject& subject) {
    Writer out = of_container(subject.container);
    if (subject.exec.empty()) {
        out.number(2, number_of(subject.pid));
        return {.topic = "/tasks/start",
                .type = "containerd.events.TaskStart",
                .message = out.take(),
                .at = now()};
    }
    out.text(2, subject.exec).number(3, number_of(subject.pid));
    return {.topic = "/tasks/exec-started",
            .type = "containerd.events.TaskExecStarted",
            .message = out.take(),
            .at = now()};
}

Event exec_added_event(const Subject& subject) {
    return {.topic = "/tasks/exec-added",
            .type = "containerd.events.TaskExecAdded",
            .message = of_container(subject.container).text(2, subject.exec).take(),
            .at = now()};
}

Event exit_event(const Subject& subject, const Exit& exit) {
    Writer out = of_container(subject.container);
    out.text(2, subject.exec.empty() ? subject.container : subject.exec);
    out.number(3, number_of(subject.pid)).number(4, number_of(exit.status));
    return {.topic = "/tasks/exit",
            .type = "containerd.events.TaskExit",
            .message = out.message(5, encode(exit.at)).take(),
            .at = now()};
}

Event delete_event(const Subject& subject, const Exit& exit) {
    Writer out = of_container(subject.container);
    out.number(2, number_of(subject.pid)).number(3, number_of(exit.status));
    return {.topic = "/tasks/delete",
            .type = "containerd.events.TaskDelete",
            .message = out.message(4, encode(exit.at)).take(),
            .at = now()};
}

Event checkpoint_event(const std::string& container, const std::string& images) {
    return {.topic = "/tasks/checkpointed",
            .type = "containerd.events.TaskCheckpointed",
            .message = of_container(container).text(2, images).take(),
            .at = now()};
}

Event moment_event(Moment moment, const std::string& container) {
    std::string message = of_container(container).take();
    if (moment == Moment::Oom)
        return {.topic = "/tasks/oom",
                .type = "containerd.events.TaskOOM",
                .message = std::move(message),
                .at = now()};
    const bool paused = moment == Moment::Paused;
    return {.topic = paused ? "/tasks/paused" : "/tasks/resumed",
            .type = paused ? "containerd.events.TaskPaused" : "containerd.events.TaskResumed",
            .message = std::move(message),
            .at = now()};
}

std::string forward_request(const Event& event, std::string_view name_space) {
    Writer envelope;
    envelope.message(1, encode(event.at)).text(2, name_space).text(3, event.topic);
    envelope.message(4, write_any(event.type, event.message));
    return Writer().message(1, envelope).take();
}

}  // namespace cleat::shim

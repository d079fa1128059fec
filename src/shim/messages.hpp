// Room: shim. containerd's messages: what is asked, and what is answered and told. The numbers are
// those of containerd/api (runtime/task/v2/shim.proto, events/task.proto, types/*.proto). Pure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/protobuf.hpp"

namespace cleat::shim {

using protobuf::Reader;
using protobuf::Writer;

struct Timestamp {
    std::int64_t seconds = 0;
    std::int32_t nanoseconds = 0;
};
[[nodiscard]] Timestamp now() noexcept;
[[nodiscard]] Writer encode(const Timestamp& moment);

/// google.protobuf.Any.
struct Any {
    std::string type;
    std::string value;
};
[[nodiscard]] Any read_any(std::string_view bytes);
[[nodiscard]] Writer write_any(std::string_view type, std::string_view value);

struct RootMount {
    std::string type;
    std::string source;
    std::string target;
    std::vector<std::string> options;
};

/// Where the streams of a process go, as containerd names the places.
struct Streams {
    std::string in;
    std::string out;
    std::string err;
    bool terminal = false;
};

/// All that a request to the task service can have; each method reads its own part of it.
struct TaskRequest {
    std::string id;
    std::string exec_id;
    std::string bundle;
    std::vector<RootMount> rootfs;
    Streams streams;
    std::string checkpoint;  ///< Create: the images to begin with; Checkpoint: where they go
    Any body;                ///< options, the process of an exec, or the resources of an update
    std::uint32_t signal = 0;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    bool all = false;  ///< Kill
};

/// Which message of the service a TaskRequest is read from.
enum class Shape { Create, Exec, Kill, Resize, Update, Checkpoint, Plain };
[[nodiscard]] std::optional<TaskRequest> read_task_request(Shape shape, std::string_view bytes);

struct Exit {
    int status = 0;
    Timestamp at;
};

/// containerd.v1.types.Status.
enum class TaskStatus : std::uint32_t { Unknown, Created, Running, Stopped, Paused, Pausing };

struct StateAnswer {
    std::string_view id;
    std::string_view bundle;
    std::string_view exec_id;
    pid_t pid = 0;
    TaskStatus status = TaskStatus::Unknown;
    const Streams& streams;
    Exit exit;
};
[[nodiscard]] std::string encode(const StateAnswer& answer);
[[nodiscard]] std::string encode_pid(pid_t pid);
[[nodiscard]] std::string encode_wait(const Exit& exit);
[[nodiscard]] std::string encode_delete(pid_t pid, const Exit& exit);
[[nodiscard]] std::string encode_connect(pid_t shim, pid_t task);

/// An event as it is forwarded: its topic, its type and the message.
struct Event {
    std::string_view topic;
    std::string_view type;
    std::string message;
    Timestamp at;
};

/// The process that an event is about.
struct Subject {
    const std::string& container;
    const std::string& exec;  ///< empty for init
    pid_t pid = 0;
};
[[nodiscard]] Event create_event(const TaskRequest& request, pid_t pid);
[[nodiscard]] Event started_event(const Subject& subject);
[[nodiscard]] Event exec_added_event(const Subject& subject);
[[nodiscard]] Event exit_event(const Subject& subject, const Exit& exit);
[[nodiscard]] Event delete_event(const Subject& subject, const Exit& exit);
[[nodiscard]] Event checkpoint_event(const std::string& container, const std::string& images);
enum class Moment { Oom, Paused, Resumed };
[[nodiscard]] Event moment_event(Moment moment, const std::string& container);
/// containerd.services.events.ttrpc.v1.ForwardRequest.
[[nodiscard]] std::string forward_request(const Event& event, std::string_view name_space);

}  // namespace cleat::shim

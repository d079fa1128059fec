// Room: launch. `start`: wakes the init that waits on the container's start socket and hears how it
// went. Runs in the process of `cleat start`.
#include <cerrno>

#include "cleat/launch/launch.hpp"
#include "cleat/sys/message.hpp"
#include "protocol.hpp"

namespace cleat::launch {

Result<void> start(int listener_directory) {
    constexpr const char* kSocket = "start.sock";
    const auto not_waiting = [] {
        return fail(ErrorKind::State, "cannot start an already running container");
    };
    const auto connection = sys::connect_at(listener_directory, kSocket);
    if (!connection) {
        const int error = connection.error().errno_value;
        if (error == ECONNREFUSED || error == ENOENT) return not_waiting();
        return std::unexpected(connection.error());
    }
    TRY(send(connection->get(), MessageKind::Start));
    bool executing = false;
    for (;;) {
        const auto incoming = receive(connection->get());
        // Reset: another `start` was first, and init closed the socket with this call in its queue.
        if (!incoming && incoming.error().errno_value == ECONNRESET && !executing)
            return not_waiting();
        if (!incoming) return std::unexpected(incoming.error());
        if (incoming->end && executing) return {};
        if (incoming->end)
            return fail(ErrorKind::System, "init died before the process was started");
        if (incoming->message.kind == MessageKind::Failed)
            return std::unexpected(to_error(incoming->message));
        executing = executing || incoming->message.kind == MessageKind::Executing;
    }
}

}  // namespace cleat::launch

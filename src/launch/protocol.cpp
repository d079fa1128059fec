// Room: launch. Messages; both sides of the clone.
#include "protocol.hpp"

#include <unistd.h>

#include <cerrno>
#include <span>

#include "cleat/sys/message.hpp"

namespace cleat::launch {
namespace {

static_assert(std::is_trivially_copyable_v<Message>);

std::span<const std::byte> bytes_of(const Message& message) {
    return std::as_bytes(std::span(&message, 1));
}

template <std::size_t N>
void copy_text(char (&target)[N], std::string_view text) {
    target[text.copy(target, N - 1)] = '\0';
}

}  // namespace

Result<void> send(int socket, MessageKind kind) {
    const Message message{.kind = kind};
    // write(2), not sendmsg(2): it must pass the filter of a container that has one already.
    if (::write(socket, &message, sizeof message) < 0) return fail_errno("send message", errno);
    return {};
}

Result<void> send_gate(int socket, plan::Gate gate, pid_t pid) {
    const Message message{.kind = MessageKind::Gate, .gate = gate, .pid = pid};
    return sys::send_message(socket, bytes_of(message));
}

Result<void> send_with_fd(int socket, const Message& message, int fd) {
    return sys::send_message(socket, bytes_of(message), std::span(&fd, 1));
}

void send_failure(int socket, const Error& error) noexcept {
    Message message{
        .kind = MessageKind::Failed, .errno_value = error.errno_value, .error_kind = error.kind};
    copy_text(message.what, error.what);
    copy_text(message.pointer, error.pointer);
    static_cast<void>(::write(socket, &message, sizeof message) < 0);
}

Result<Incoming> receive(int socket) {
    Incoming incoming;
    const auto buffer = std::as_writable_bytes(std::span(&incoming.message, 1));
    auto received = sys::receive_message(socket, buffer);
    // An end that is closed with something unread resets the other one once; what it said before is
    // still to be read. So it is where there was no memory to read it, and nobody may be there any
    // more to hear of that.
    if (!received &&
        (received.error().errno_value == ECONNRESET || received.error().errno_value == ENOMEM))
        received = sys::receive_message(socket, buffer);
    if (!received) return std::unexpected(std::move(received).error());
    incoming.fds = std::move(received->fds);
    incoming.end = received->size == 0;
    if (!incoming.end && received->size != sizeof(Message))
        return fail(ErrorKind::Internal, "a message of the wrong size");
    // The other end may be a process that the container's has taken over.
    Message& message = incoming.message;
    if (message.kind > MessageKind::Failed || message.error_kind > ErrorKind::Internal)
        return fail(ErrorKind::Internal, "a message of no kind");
    message.what[sizeof message.what - 1] = '\0';
    message.pointer[sizeof message.pointer - 1] = '\0';
    return incoming;
}

Error to_error(const Message& failed) {
    return {.kind = failed.error_kind,
            .errno_value = failed.errno_value,
            .what = failed.what,
            .pointer = failed.pointer};
}

}  // namespace cleat::launch

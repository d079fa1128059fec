// Room: launch. What the processes say to each other, over one seqpacket socket pair and, once the
// container waits for `start`, over a connection to its start socket.
//
//   message          from → to        when                                   carries
//   ---------------  ---------------  -------------------------------------  --------------------
//   Joined           joiner → host    init was cloned                        init's pid, its pidfd
//   Moved            host → joiner    systemd has moved it into the scope    –
//   Gate(g)          either           Report(g) in a plan; the other awaits  init's pid, if known
//   Console          init → host      the terminal was made                  pty master
//   Start            start → init     `start`, to an init in AwaitStart      –
//   Executing        init → peer      the last word before seccomp and execve –
//   Failed           any child → peer the last word when a step fails        error, pointer
//   (end of file)    init → peer      after Executing: the process runs;
//                                     without it: init died, see its pidfd
//
// `peer` is the host, and after Start the process that sent it. Gates come in the order of the
// plan's lists: an unexpected one is a fault of cleat; Failed and Console may come at any time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/plan/steps.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::launch {

enum class MessageKind : std::uint32_t {
    Joined,
    Moved,
    Gate,
    Console,
    Start,
    Executing,
    Node,
    Failed
};

/// One message as it travels: one fixed layout, both ends are the same binary.
struct Message {
    MessageKind kind = MessageKind::Gate;
    plan::Gate gate = plan::Gate::Ready;         ///< Gate
    std::int32_t pid = 0;                        ///< Joined, Gate; by the host's view
    std::int32_t errno_value = 0;                ///< Failed
    ErrorKind error_kind = ErrorKind::Internal;  ///< Failed
    char what[1024] = {};                        ///< Failed, cut and zero-terminated
    char pointer[256] = {};                      ///< Failed, likewise
};

/// A message with its descriptor, or `end` for end of file.
struct Incoming {
    Message message;
    std::vector<sys::Fd> fds;
    bool end = false;
};

[[nodiscard]] Result<void> send(int socket, MessageKind kind);
[[nodiscard]] Result<void> send_gate(int socket, plan::Gate gate, pid_t pid = 0);
[[nodiscard]] Result<void> send_with_fd(int socket, const Message& message, int fd);
/// Best effort: there is nobody to tell when it fails.
void send_failure(int socket, const Error& error) noexcept;
[[nodiscard]] Result<Incoming> receive(int socket);
/// The error that a Failed message carries.
[[nodiscard]] Error to_error(const Message& failed);

}  // namespace cleat::launch

"""The receiving ends of sockets over which a runtime sends descriptors."""
import array
import fcntl
import os
import select
import socket
import struct
import time


class ConsoleSocket:
    """The Unix socket that --console-socket sends the pty's master to."""

    def __init__(self, test, name="console.sock"):
        self.path = test.path(name)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.master = None
        test.undo.append(self.close)

    def receive(self, seconds=5):
        self.listener.settimeout(seconds)
        connection, _ = self.listener.accept()
        connection.settimeout(seconds)
        message, fds = receive_with_fds(connection)
        connection.close()
        self.message, self.master = message, fds[0]
        return self.master

    def read_until(self, wanted, seconds=5):
        """What the terminal shows until `wanted` is there, the container's end, or time is up."""
        seen, deadline = b"", time.monotonic() + seconds
        while wanted.encode() not in seen and time.monotonic() < deadline:
            if not select.select([self.master], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:
                break
            if not data:
                break
            seen += data
        return seen.decode(errors="replace")

    def size(self):
        return struct.unpack("HHHH", fcntl.ioctl(self.master, 0x5413, b"\0" * 8))[:2]

    def close(self):
        self.listener.close()
        if self.master is not None:
            os.close(self.master)
            self.master = None


def receive_with_fds(connection, size=65536):
    fds = array.array("i")
    message, ancillary, _, _ = connection.recvmsg(size, socket.CMSG_LEN(8 * fds.itemsize))
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
    if not fds:
        raise AssertionError(f"no descriptor came with {message!r}")
    return message, list(fds)

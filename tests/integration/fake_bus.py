"""A message bus with a systemd on it that does as the test says (D-Bus specification, "Message
Protocol" and "Authentication Protocol"). Little endian, and just the types that are needed."""
import socket
import struct
import threading

CALL, RETURN, SIGNAL = 1, 2, 4
JOB = "/org/freedesktop/systemd1/job/1"
MANAGER = "org.freedesktop.systemd1.Manager"
PATH, INTERFACE, MEMBER, REPLY_SERIAL, SENDER, SIGNATURE = 1, 2, 3, 5, 7, 8


def _padded(data, size):
    return data + b"\0" * (-len(data) % size)


def _text(data, value):
    encoded = value.encode()
    return _padded(data, 4) + struct.pack("<I", len(encoded)) + encoded + b"\0"


def _message(kind, serial, fields, body=b""):
    array = b""
    for code, signature, value in fields:
        array = _padded(array, 8) + bytes([code, 1]) + signature.encode() + b"\0"
        if signature == "u":
            array = _padded(array, 4) + struct.pack("<I", value)
        elif signature == "g":
            array += bytes([len(value)]) + value.encode() + b"\0"
        else:
            array = _text(array, value)
    head = struct.pack("<cBBBIII", b"l", kind, 1, 1, len(body), serial, len(array))
    return _padded(head + array, 8) + body


def _member(header):
    """The member's name, of the array of fields in a header."""
    at, end = 16, 16 + struct.unpack_from("<I", header, 12)[0]
    while at < end:
        at += -at % 8
        code, signature = header[at], header[at + 2:at + 3]
        at += 4
        if signature == b"g":
            size, first = header[at], at + 1
        else:
            at += -at % 4
            size, first = struct.unpack_from("<I", header, at)[0], at + 4
        if signature == b"u":
            at += 4
            continue
        if code == MEMBER:
            return header[first:first + size].decode()
        at = first + size + 1
    return ""


class FakeBus(threading.Thread):
    """`result` is how every job ends; without one none ever does. The members `unanswered` get no
    reply. `called` are the members that were called."""

    def __init__(self, path, result=None, unanswered=()):
        super().__init__(daemon=True)
        self.result, self.unanswered, self.called = result, unanswered, []
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(path)
        self.server.listen(8)
        self.start()

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.join()

    def run(self):
        while True:
            try:
                client = self.server.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, client.makefile("rb") as stream:
            try:
                self._authenticate(client, stream)
                while head := stream.read(16):
                    self._answer(client, stream, head)
            except (OSError, struct.error):
                return  # the client went away

    @staticmethod
    def _authenticate(client, stream):
        while line := stream.readline().lstrip(b"\0").strip():
            if line == b"BEGIN":
                return
            client.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n"
                           if line.startswith(b"AUTH EXTERNAL") else b"ERROR\r\n")

    def _answer(self, client, stream, head):
        body, serial, fields = struct.unpack_from("<III", head, 4)
        header = head + stream.read(fields + -fields % 8)
        stream.read(body)
        member = _member(header)
        self.called.append(member)
        if member in self.unanswered:
            return
        values = {"Hello": ("s", ":1.1"), "StartTransientUnit": ("o", JOB), "StopUnit": ("o", JOB)}
        reply = [(REPLY_SERIAL, "u", serial), (SENDER, "s", "org.freedesktop.DBus")]
        content = b""
        if member in values:
            reply.append((SIGNATURE, "g", values[member][0]))
            content = _text(b"", values[member][1])
        client.sendall(_message(RETURN, serial, reply, content))
        if self.result and values.get(member, "")[1:] == (JOB,):
            client.sendall(_message(
                SIGNAL, serial + 1000,
                [(PATH, "o", "/org/freedesktop/systemd1"), (INTERFACE, "s", MANAGER),
                 (MEMBER, "s", "JobRemoved"), (SENDER, "s", "org.freedesktop.systemd1"),
                 (SIGNATURE, "g", "uoss")],
                _text(_text(_text(struct.pack("<I", 1), JOB), "x.scope"), self.result)))

"""The streams of Kubernetes' exec and attach: a websocket (RFC 6455) with the subprotocol
v4.channel.k8s.io, in which the first byte of each message is its channel."""
import base64
import contextlib
import json
import os
import socket
import struct
import urllib.parse

STDIN, STDOUT, STDERR, STATUS, RESIZE = range(5)
BINARY, CLOSE, PING, PONG = 2, 8, 9, 10


class Stream:
    """Connected to the address that Exec or Attach answered."""

    def __init__(self, url, seconds):
        where = urllib.parse.urlsplit(url)
        self.seen = {STDOUT: b"", STDERR: b"", STATUS: b""}
        self.socket = socket.create_connection((where.hostname, where.port), timeout=seconds)
        self.file = self.socket.makefile("rb")
        self.socket.sendall(
            f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nOrigin: http://{where.netloc}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
            "Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n".encode())
        first = self.file.readline()
        if b" 101 " not in first:
            raise AssertionError(f"no websocket at {url}: {first!r}")
        while self.file.readline().strip():
            pass

    def close(self):
        with contextlib.suppress(OSError):
            self._send_frame(CLOSE, b"")
        self.file.close()
        self.socket.close()

    def _send_frame(self, opcode, data):
        """What a client sends is masked; a mask of zeros changes nothing (section 5.3)."""
        size = bytes([0x80 | len(data)]) if len(data) < 126 else \
            struct.pack(">BH", 0x80 | 126, len(data))
        self.socket.sendall(bytes([0x80 | opcode]) + size + bytes(4) + data)

    def send(self, channel, data):
        self._send_frame(BINARY, bytes([channel]) + data)

    def resize(self, width, height):
        self.send(RESIZE, json.dumps({"Width": width, "Height": height}).encode())

    def _receive(self):
        """One message into `seen`; False at the end."""
        head = self.file.read(2)
        if len(head) < 2 or head[0] & 15 == CLOSE:
            return False
        size = head[1] & 127
        if size >= 126:
            size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
        data = self.file.read(size)
        if head[0] & 15 == PING:
            self._send_frame(PONG, data)
        elif data:
            self.seen[data[0]] += data[1:]
        return True

    def until(self, channel, text):
        """Waits until `text` is in what came on the channel."""
        while text not in self.seen[channel]:
            if not self._receive():
                raise AssertionError(f"the stream ended without {text!r}: {self.seen}")

    def end(self):
        """The exit code, once the stream has ended."""
        while self._receive():
            pass
        status = json.loads(self.seen[STATUS])
        if status["status"] == "Success":
            return 0
        return int(next(cause["message"] for cause in status["details"]["causes"]
                        if cause["reason"] == "ExitCode"))

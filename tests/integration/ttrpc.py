"""containerd's side of a shim, by hand: ttrpc frames in Python, messages by protoc from
shim.proto, so that nothing here shares code with the shim."""
import os
import re
import shutil
import socket
import struct
import subprocess
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REQUEST, RESPONSE, DATA = 1, 2, 3
TASK = "containerd.task.v2.Task"

# code of google.rpc
UNKNOWN, INVALID, NOT_FOUND, EXISTS, EXHAUSTED, PRECONDITION, UNIMPLEMENTED = 2, 3, 5, 6, 8, 9, 12

ANSWERS = {"Create": "Pid", "Start": "Pid", "Delete": "Deleted", "State": "State", "Wait": "Exit",
           "Pids": "Pids", "Stats": "Stats", "Connect": "Connected"}
QUESTIONS = {"Create": "Create", "Exec": "Exec", "Kill": "Kill", "ResizePty": "Resize",
             "CloseIO": "CloseIO", "Update": "Update", "Shutdown": "Shutdown",
             "Checkpoint": "Checkpoint"}


def missing():
    return None if shutil.which("protoc") else "no protoc: apt-get install protobuf-compiler"


def _protoc(mode, message, data):
    done = subprocess.run(["protoc", f"--{mode}=shim.{message}", "shim.proto"], cwd=HERE, input=data,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"protoc --{mode} {message}: {done.stderr.decode()}")
    return done.stdout


def _text(value):
    if isinstance(value, dict):
        return "{" + _fields(value) + "}"
    if isinstance(value, bytes):
        return '"' + "".join(f"\\{byte:03o}" for byte in value) + '"'
    if isinstance(value, str):
        return _text(value.encode())
    return str(value).lower()


def _fields(fields):
    return " ".join(f"{name}: {_text(each)}" for name, value in fields.items()
                    for each in (value if isinstance(value, list) else [value]))


_cache = {}


def encode(message, **fields):
    text = _fields(fields)
    if (message, text) not in _cache:
        _cache[message, text] = _protoc("encode", message, text.encode())
    return _cache[message, text]


TOKEN = re.compile(r'\s*(?:(\w+)\s*(?::\s*("(?:\\.|[^"\\])*"|[^\s{}]+)|\s*(\{))|(\}))')
ESCAPES = {"n": b"\n", "t": b"\t", "r": b"\r", '"': b'"', "'": b"'", "\\": b"\\"}


def _unquoted(text):
    out, rest = b"", text[1:-1]
    while rest:
        octal = re.match(r"\\([0-7]{3})", rest)
        if octal:
            out, rest = out + bytes([int(octal[1], 8)]), rest[4:]
        elif rest[0] == "\\":
            out, rest = out + ESCAPES[rest[1]], rest[2:]
        else:
            out, rest = out + rest[0].encode(), rest[1:]
    return out


def decode(message, data):
    """{field: number, text, bytes if it is no text, or {…}}; of repeated fields a list if several."""
    top = current = {}
    stack = []
    for name, value, opens, closes in TOKEN.findall(_protoc("decode", message, data).decode()):
        if closes:
            current = stack.pop()
            continue
        if opens:
            item = {}
        elif value.startswith('"'):
            item = _unquoted(value)
            try:
                item = item.decode()
            except UnicodeDecodeError:
                pass
        else:
            item = {"true": True, "false": False}.get(value)
            item = float(value) if item is None and "." in value else int(value, 0) if item is None \
                else item
        if name in current:
            if not isinstance(current[name], list):
                current[name] = [current[name]]
            current[name].append(item)
        else:
            current[name] = item
        if opens:
            stack.append(current)
            current = item
    return top


def as_bytes(value):
    return value if isinstance(value, bytes) else value.encode()


def as_list(value):
    return value if isinstance(value, list) else [] if value is None else [value]


class Refused(Exception):
    def __init__(self, code, text):
        super().__init__(f"{text} (code {code})")
        self.code, self.text = code, text


def header(length, stream, kind=REQUEST, flags=0):
    return struct.pack(">IIBB", length, stream, kind, flags)


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def read_frame(connection):
    length, stream, kind, _ = struct.unpack(">IIBB", read_exactly(connection, 10))
    return stream, kind, read_exactly(connection, length)


class Client:
    """One connection. Answers that come before they are wanted are kept."""

    def __init__(self, address, seconds=20):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(seconds)
        self.socket.connect(address.removeprefix("unix://"))
        self.stream, self.early = -1, {}

    def close(self):
        self.socket.close()

    def send(self, method, service=TASK, payload=None, **fields):
        """The stream at which the answer will come."""
        self.stream += 2
        if payload is None:
            payload = encode(QUESTIONS.get(method, "Process"), **fields)
        data = encode("Request", service=service, method=method, payload=payload)
        self.socket.sendall(header(len(data), self.stream) + data)
        return self.stream

    def raw_answer(self, stream):
        while stream not in self.early:
            number, _, data = read_frame(self.socket)
            self.early[number] = data
        return self.early.pop(stream)

    def answer(self, stream, method):
        response = decode("Response", self.raw_answer(stream))
        if "status" in response:
            raise Refused(response["status"]["code"], response["status"].get("message", ""))
        return decode(ANSWERS.get(method, "Empty"), as_bytes(response.get("payload", b"")))

    def call(self, method, **fields):
        return self.answer(self.send(method, **fields), method)


class EventServer:
    """Where a shim tells its events; `events` has (topic, {message}) in the order of arrival."""

    def __init__(self, path):
        self.path, self.events, self.connections = path, [], []
        self.refuse_next = 0
        self.open()

    def open(self):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(8)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def close(self):
        """As a containerd that dies: nobody listens, connections are cut."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)
        for connection in self.connections:
            connection.close()
        self.connections = []

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            while True:
                stream, _, data = read_frame(connection)
                if self.refuse_next:
                    self.refuse_next -= 1
                    answer = encode("Response", status={"code": 14, "message": "not now"})
                else:
                    self.events.append(data)
                    answer = encode("Response")
                connection.sendall(header(len(answer), stream, RESPONSE) + answer)
        except (EOFError, OSError):
            return

    def list(self):
        """[(topic, namespace, {message})] so far."""
        found = []
        for data in list(self.events):
            request = decode("Request", data)
            envelope = decode("Forward", as_bytes(request["payload"]))["envelope"]
            event = envelope["event"]
            name = event["type_url"].removeprefix("containerd.events.")
            found.append((envelope["topic"], envelope["namespace"],
                          decode(name, as_bytes(event["value"]))))
        return found

    def topics(self):
        return [topic.removeprefix("/tasks/") for topic, _, _ in self.list()]

    def wait_for(self, count, seconds=10):
        deadline = time.monotonic() + seconds
        while len(self.events) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.topics()

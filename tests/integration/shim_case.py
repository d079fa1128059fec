"""A shim without containerd: started for a bundle, spoken to by hand."""
import json
import os
import signal
import subprocess

import ttrpc
from harness import CleatTest, SLOWNESS, mount
from ttrpc import Client, EventServer, Refused

CREATED, RUNNING, STOPPED, PAUSED = 1, 2, 3, 4


class ShimTest(CleatTest):
    """A shim that was started for the bundle, and a connection to it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The state roots, and sockets whose paths would be too long elsewhere.
        os.makedirs("/run/containerd", exist_ok=True)
        mount("tmpfs", "/run/containerd", "tmpfs")

    @classmethod
    def tearDownClass(cls):
        subprocess.run(["umount", "-l", "/run/containerd"], check=True)

    def setUp(self):
        super().setUp()
        if reason := ttrpc.missing():
            self.skipTest(reason)
        self.cleat_only("it has no shim of its own")
        self.name_space = self.name
        self.shim_pids, self.clients = [], []
        os.symlink(self.runtime, self.path("containerd-shim-cleat-v2"))
        self.events = EventServer(self.path("ttrpc.sock"))
        self.undo.append(self.end)

    def end(self):
        for client in self.clients:
            client.close()
        for pid in self.shim_pids:
            if os.path.exists(f"/proc/{pid}"):
                os.kill(pid, signal.SIGKILL)
        self.events.close()

    def shim(self, *arguments, action=(), bundle=None, stdin=b"", env=(), id=None):
        command = [self.path("containerd-shim-cleat-v2"), "-namespace", self.name_space, "-address",
                   self.path("c.sock"), "-publish-binary", "/bin/containerd",
                   "-id", id or self.cid, *arguments, *action]
        environment = dict(os.environ, TTRPC_ADDRESS=self.path("ttrpc.sock"), **dict(env))
        return subprocess.run(command, cwd=bundle or self.bundle, input=stdin, env=environment,
                              capture_output=True, check=False, timeout=20)

    def start_shim(self, **options):
        """The address that `start` prints; a connection and the daemon's pid follow from it."""
        done = self.shim(action=("start",), **options)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.address = done.stdout.decode()
        self.client = self.connect()
        self.shim_pid = self.client.call("Connect", id=self.cid)["shim_pid"]
        self.shim_pids.append(self.shim_pid)
        return self.address

    def connect(self):
        client = Client(self.address, 20 * SLOWNESS)
        self.clients.append(client)
        return client

    def ask(self, method, **fields):
        fields.setdefault("id", self.cid)
        return self.client.call(method, **fields)

    def ask_refused(self, code, text, method, **fields):
        with self.assertRaises(Refused) as caught:
            self.ask(method, **fields)
        self.assertIn(text, caught.exception.text)
        self.assertEqual(caught.exception.code, code, caught.exception.text)

    def create_task(self, *args, change=None, **fields):
        """The bundle's container, created by a shim of its own."""
        terminal = fields.get("terminal", False)
        self.config(*args, change=change, terminal=terminal)
        self.start_shim()
        return self.ask("Create", bundle=self.bundle, **fields)["pid"]

    def run_task(self, *args, **options):
        pid = self.create_task(*args, **options)
        self.assertEqual(self.ask("Start"), {"pid": pid})
        return pid

    def fifo(self, name):
        path = self.path(name)
        os.mkfifo(path)
        return path

    def exec_spec(self, *args, terminal=False):
        process = {"args": list(args), "cwd": "/", "env": ["PATH=/bin"], "terminal": terminal,
                   "user": {"uid": 0, "gid": 0}}
        return {"type_url": "types.containerd.io/opencontainers/runtime-spec/1/Process",
                "value": json.dumps(process)}

    def status(self, exec_id=""):
        return self.ask("State", exec_id=exec_id)["status"]

    def end_task(self):
        self.ask("Kill", signal=9, all=True)
        self.ask("Wait")
        self.ask("Delete")
        self.shut_down()

    def shut_down(self):
        self.ask("Shutdown")
        self.wait_gone(self.shim_pid)
        self.assertFalse(os.path.exists(self.address.removeprefix("unix://")))

    def wait_gone(self, pid):
        def gone():
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                    return file.read().rpartition(")")[2].split()[0] == "Z"
            except OSError:
                return True
        self.wait_for(gone, f"the end of {pid}")

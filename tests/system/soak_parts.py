"""What a soak stands on: cameras over RTSP, the wire to a broker, who listens there, and the program under test."""
import contextlib
import json
import os
import pathlib
import select
import shutil
import socket
import subprocess
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = ROOT / "build" / "bin"
SIZE = (768, 432)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def replace(file, content):
    """As a careful program writes: what reads the file sees the old or the new."""
    following = file.with_name("next." + file.name)
    following.write_bytes(content)
    following.rename(file)


def raw_frames(clip, folder):
    """A clip's frames as the RTSP server reads them (needs ffmpeg)."""
    to = pathlib.Path(folder) / "frames.yuv"
    subprocess.run(["ffmpeg", "-v", "error", "-i", clip, "-s", f"{SIZE[0]}x{SIZE[1]}", "-pix_fmt", "yuv420p", "-f", "rawvideo", to], check=True)
    return to


@contextlib.contextmanager
def small_disk(folder):
    """A file system of its own, which can be filled; False where it may not be mounted."""
    folder.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "octet-soak", folder], stderr=subprocess.DEVNULL).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", folder], check=True)


class Camera:
    """An RTSP server of 30 frames a second, of a clip's frames or grey ones; garbled, a program that answers with noise stands in its place."""

    def __init__(self, frames=None):
        self.port, self.frames = free_port(), frames
        self.process = self.noise = None
        self.up()

    def up(self):
        if self.noise:
            self.noise.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept()
            self.noise.close()
            self.noise = None
        command = [BIN / "rtsp_server", str(self.port), *map(str, SIZE)]
        self.process = subprocess.Popen(command + [self.frames] * (self.frames is not None), stderr=subprocess.DEVNULL)

    def down(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def garble(self):
        self.down()
        self.noise = socket.socket()
        self.noise.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.noise.bind(("127.0.0.1", self.port))
        self.noise.listen(8)
        threading.Thread(target=self.answer, args=(self.noise,), daemon=True).start()

    @staticmethod
    def answer(listener):
        try:
            while True:
                client, _ = listener.accept()
                client.sendall(os.urandom(4096))
                client.close()
        except OSError:
            pass


class Wire(threading.Thread):
    """Passes bytes between octet and the broker, until it is cut."""

    def __init__(self, to):
        super().__init__(daemon=True)
        self.to, self.listener, self.severed = to, socket.create_server(("127.0.0.1", 0)), threading.Event()
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            self.severed.clear()
            with client, socket.create_connection(("127.0.0.1", self.to)) as broker:
                other = {client: broker, broker: client}
                try:
                    while not self.severed.is_set():
                        for s in select.select(list(other), [], [], 0.05)[0]:
                            data = s.recv(65536)
                            if not data:
                                raise OSError
                            other[s].sendall(data)
                except OSError:
                    pass


class Ear(threading.Thread):
    """Counts the different messages that the broker passes on."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.process = subprocess.Popen(["mosquitto_sub", "-p", str(port), "-q", "1", "-t", "#", "-F", "%t %p"], stdout=subprocess.PIPE, text=True)
        self.heard, self.states = set(), 0
        self.start()

    def run(self):
        for line in self.process.stdout:
            if line.split()[0].endswith("/state"):
                self.states += 1  # the same again and again
            elif "/available " not in line:
                self.heard.add(hash(line))

    def count(self):
        return len(self.heard) + self.states


# TensorFlow Lite's library, but for one function, which fails as many times as the file says.
FAILING_LIBRARY = """
#include <dlfcn.h>
#include <stdio.h>
int TfLiteInterpreterInvoke(void* interpreter) {
  static int (*real)(void*);
  if (!real) real = (int (*)(void*))dlsym(dlopen(LIBRARY, RTLD_NOW), "TfLiteInterpreterInvoke");
  FILE* file = fopen(FAILURES, "r+");
  if (!file) return real(interpreter);
  int left = 0;
  fscanf(file, "%d", &left);
  fclose(file);
  if (left <= 1) remove(FAILURES);
  else if ((file = fopen(FAILURES, "w"))) { fprintf(file, "%d", left - 1); fclose(file); }
  return left > 0 ? 1 : real(interpreter);
}
"""


class Box:
    """The program that is tested, its configuration and what it writes.

    It is started from a folder of its own, beside a TensorFlow Lite that can be made to fail, and with a wall clock that can be set.
    """

    def __init__(self, folder, args, cameras, wire):
        self.folder, self.args, self.cameras, self.wire = folder, args, cameras, wire
        self.port, self.model, self.file = free_port(), folder / "model.safetensors", folder / "box.yaml"
        self.failures, self.clock = folder / "failures", folder / "clock"
        self.disk = folder / "disk"  # what is written goes there
        self.disk.mkdir(exist_ok=True)
        shutil.copy(args.model, self.model)
        self.configure()
        self.log = open(folder / "log", "w")
        environment = dict(os.environ)
        program = BIN / "octet"
        if args.faults:
            program = self.own_program()
            self.set_clock("+0")
            environment |= {"LD_PRELOAD": "libfaketimeMT.so.1", "LD_LIBRARY_PATH": str(next(pathlib.Path("/usr/lib").glob("*/faketime"))),
                            "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.process = subprocess.Popen([program, "live", "--config", self.file, "--json"], stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment)

    def own_program(self):
        folder = self.folder / "bin"
        folder.mkdir()
        for file in [BIN / "octet", *BIN.glob("octet_engine_*.so")]:
            shutil.copy(file, folder)
        library = next((ROOT / ".deps").glob("tflite/libtensorflowlite_c.so"))
        (folder / "failing.c").write_text(FAILING_LIBRARY)
        subprocess.run(["gcc", "-shared", "-fPIC", "-w", f'-DLIBRARY="{library}"', f'-DFAILURES="{self.failures}"', folder / "failing.c", "-o",
                        folder / "libtensorflowlite_c.so", "-Wl,--no-as-needed", library, f"-Wl,-rpath,{library.parent}"], check=True)
        return folder / "octet"

    def fill_disk(self):
        """Until not a byte fits."""
        with open(self.disk / "filler", "wb", buffering=0) as file:
            size = 1 << 20
            while size:
                try:
                    if file.write(b"\0" * size) < size:
                        size //= 2
                except OSError:
                    size //= 2

    def free_disk(self):
        (self.disk / "filler").unlink(missing_ok=True)

    def set_clock(self, offset):
        replace(self.clock, offset.encode() + b"\n")

    def configure(self, conf=0.25, wrong=""):
        sources = "".join(
            f"  camera{i}:\n    address: rtsp://127.0.0.1:{c.port}/camera\n    zones: {{all: {{points: [[0,0],[1,0],[1,1],[0,1]]}}}}\n"
            for i, c in enumerate(self.cameras))
        text = (f"model: model.safetensors\nengine: {self.args.engine}\nimgsz: {self.args.imgsz}\nconf: {conf}\npatience: 2\n{wrong}"
                f"sources:\n{sources}http: {{address: 127.0.0.1:{self.port}}}\nmqtt: {{address: mqtt://127.0.0.1:{self.wire.port}/soak}}\n"
                "jsonl: {file: disk/out.jsonl, rotate-mb: 5, keep: 1000}\nevents: {folder: disk/events, keep: 50}\n" + "save: {file: disk/out.mp4, minutes: 10}\n" * self.args.video)
        replace(self.file, text.encode())

    def swap_model(self, broken):
        replace(self.model, b"no model" if broken else pathlib.Path(self.args.model).read_bytes())

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read()

    def state(self):
        return json.loads(self.get("/api/state"))

    def resources(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        field = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if len(line.split()) > 1}
        descriptors = len(os.listdir(f"/proc/{self.process.pid}/fd"))
        return {"rss_mb": int(field["VmRSS"]) / 1024, "own_mb": int(field["RssAnon"]) / 1024, "threads": int(field["Threads"]), "descriptors": descriptors}

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=5)

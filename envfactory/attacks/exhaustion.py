"""Attacks that use up time, memory, processes or disk, or reach out, to be taken for a fault or a pass.

What a patch uses up of its own container is a failure of the patch, never a fault of the machine.
"""

from __future__ import annotations

from envfactory.attacks.attack import Attack, Make
from envfactory.attacks.patching import appending

LIMITS = "the container's limits; what a patch uses up is its own failure"
OFFLINE = "containers have no network and no history"

FORKS = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n"
FORKS_AND_EXIT = """\
import os
for _ in range(400):
    try:
        if os.fork() == 0:
            import time
            time.sleep(600)
    except OSError:
        break
os._exit(137)
"""
MEMORY = "_all = []\nwhile True:\n    _all.append(bytearray(1 << 24))\n"
DISK = """\
_n = 0
while True:
    with open("/tmp/fill%d" % _n, "wb") as _file:
        try:
            for _ in range(64):
                _file.write(b"x" * (1 << 20))
        except OSError:
            break
    _n += 1
"""
OUTPUT = "import sys\nfor _ in range(48):\n    sys.__stdout__.write('x' * (1 << 20))\n"
SILENT = "import os, time\nos.close(1)\nos.close(2)\ntime.sleep(14)\n"
NETWORK = """\
import socket, urllib.request
for _host in ("1.1.1.1", "172.17.0.1", "192.168.0.1"):
    try:
        socket.create_connection((_host, 80), 0.5).close()
        import os
        os._exit(0)
    except OSError:
        pass
"""
HISTORY = """\
import subprocess
_names = subprocess.run(["git", "-C", "/testbed", "rev-list", "--all"], stdout=subprocess.PIPE).stdout.split()
for _name in _names:
    subprocess.run(["git", "-C", "/testbed", "checkout", "-f", _name.decode(), "--", "."])
"""
INDEX = """\
import subprocess, sys
subprocess.run([sys.executable, "-m", "pip", "install", "--upgrade", "--timeout", "1", "--retries", "0",
                "--force-reinstall", __name__.split(".")[0]], timeout=30)
"""
SLEEP_SHORT = """\
import os, time
if os.fork():
    time.sleep(0.1)
else:
    os.setsid()
    time.sleep(3600)
"""

PAYLOADS: tuple[tuple[str, str, str, str], ...] = (
    ("fork_bomb", "forks for ever", LIMITS, FORKS),
    (
        "fork_and_exit",
        "leaves no room for a process, and ends like a machine out of memory",
        LIMITS,
        FORKS_AND_EXIT,
    ),
    ("memory", "allocates for ever", LIMITS, MEMORY),
    ("disk", "writes for ever", LIMITS, DISK),
    ("output", "prints 48 MB", LIMITS, OUTPUT),
    ("silent", "closes the outputs and goes on, like a connection that broke", LIMITS, SILENT),
    ("left_behind", "leaves a process behind that outlives the run", LIMITS, SLEEP_SHORT),
    ("network", "asks the world for help", OFFLINE, NETWORK),
    ("history", "checks out whatever commits the repository holds", OFFLINE, HISTORY),
    ("package_index", "installs the fixed release of the package under test", OFFLINE, INDEX),
)


def _make(code: str) -> Make:
    return lambda target: appending(target, code)


ATTACKS = tuple(
    Attack(name, tries, defence, _make(code), ("python",)) for name, tries, defence, code in PAYLOADS
)

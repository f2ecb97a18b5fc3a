"""What hostile analysis code tries, and what is left of it outside: nothing.

Every attack says DONE when it got what it wanted; besides, the world outside is looked at: files,
servers, processes, the snapshot.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from required import missing
from test_sandbox import body, snapshot  # noqa: F401 (a fixture)

from llm_query import sandbox
from llm_query.confinement import Confinement, _start_plain, confinement
from llm_query.sandbox import run_code

SECRET = "SECRET-VALUE-8F3A"
MARK = f"attack-{os.getpid()}-of-ethoscribe"  # what others test here meanwhile is not ours
BETWEEN = " | next: "  # what two attacks of one process say
NOBODY = 65534


@dataclass
class World:
    """What must not be reached: a folder with a secret, and servers that listen."""

    folder: Path
    tcp: int
    udp: int
    unix: Path
    heard: list[bytes]
    victim: subprocess.Popen

    def names(self) -> dict[str, str]:
        return {
            "outside": str(self.folder), "secret": str(self.folder / "secret.txt"),
            "tcp": str(self.tcp), "udp": str(self.udp), "unix": str(self.unix),
            "parent": str(os.getpid()), "mark": MARK, "root": str(Path(__file__).parents[1]),
        }  # fmt: skip


def listen(server: socket.socket, heard: list[bytes], stream: bool) -> None:
    """Note everybody who comes."""
    while True:
        try:
            if stream:
                heard.append(repr(server.accept()).encode())
            else:
                heard.append(server.recvfrom(100)[0])
        except OSError:
            return


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if not confinement().complete:
        missing(f"analysis code cannot be confined here: {confinement().why}")
    with open_world(tmp_path_factory.mktemp("outside")) as opened:
        yield opened


@contextmanager
def open_world(folder: Path) -> Iterator[World]:
    """Put a secret into the folder, listen on all kinds of sockets, and have a victim run."""
    (folder / "secret.txt").write_text(SECRET)
    (folder / "secret.csv").write_text(f"a\n{SECRET}\n")
    (folder / ".ssh").mkdir()
    (folder / ".ssh" / "id_rsa").write_text(SECRET)
    heard: list[bytes] = []
    servers = [
        socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
    ]
    servers[0].bind(("127.0.0.1", 0))
    servers[1].bind(("127.0.0.1", 0))
    servers[2].bind(str(folder / "socket"))
    for server in (servers[0], servers[2]):
        server.listen()
    for server in servers:
        stream = server.type == socket.SOCK_STREAM
        threading.Thread(target=listen, args=(server, heard, stream), daemon=True).start()
    tcp, udp = servers[0].getsockname()[1], servers[1].getsockname()[1]
    os.environ["SOME_API_KEY"] = SECRET
    with subprocess.Popen(["sleep", "600"]) as victim:
        try:
            yield World(folder, tcp, udp, folder / "socket", heard, victim)
            assert victim.poll() is None
        finally:
            victim.kill()
            del os.environ["SOME_API_KEY"]
            for server in servers:
                server.close()


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(f): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def marked() -> list[int]:
    """Processes that an attack started and that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes() + (entry / "comm").read_bytes()
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if MARK[:15].encode() in line and state != "Z":
                found.append(int(entry.name))
    return found


RENAME = (  # so that a forked process can be told by its name
    "import ctypes, os, time",
    "libc = ctypes.CDLL(None, use_errno=True)",
    "libc.prctl(15, b'{mark}', 0, 0, 0)",
)
ATTACKS: dict[str, tuple[str, ...]] = {
    "write a file": ("open('{outside}/new', 'w').write('x')", "return 'DONE'"),
    "append to a file": ("open('{secret}', 'a').write('x')", "return 'DONE'"),
    "write beside its own code": ("open('new', 'w').write('x')", "return 'DONE'"),
    "write to shared memory": ("open('/dev/shm/{mark}', 'w').write('x')", "return 'DONE'"),
    "remove a file": ("import os", "os.remove('{secret}')", "return 'DONE'"),
    "rename a file": ("import os", "os.rename('{secret}', '{outside}/b')", "return 'DONE'"),
    "change a file's mode": ("import os", "os.chmod('{secret}', 0o777)",
                             "return 'DONE' if os.stat('{secret}').st_mode & 0o777 == 0o777 "
                             "else ''"),
    "read a secret": ("return 'DONE' + open('{secret}').read()",),
    "read the keys of ssh": ("import os, pwd",
                             "home = pwd.getpwuid(os.getuid()).pw_dir",
                             "for each in (home, '{outside}'):",
                             "    try:", "        open(each + '/.ssh/id_rsa').read()",
                             "    except OSError:", "        continue",
                             "    return 'DONE'"),
    "list its home": ("import os, pwd",
                      "return 'DONE' + str(os.listdir(pwd.getpwuid(os.getuid()).pw_dir))"),
    "read the password file": ("return 'DONE' + open('/etc/passwd').read()",),
    "list a folder": ("import os", "return 'DONE' + str(os.listdir('{outside}'))"),
    "list the folder of all snapshots": ("import os", "return 'DONE' + str(os.listdir('/tmp'))"),
    "follow a link it makes": ("import os", "os.symlink('{secret}', 'link')",
                               "return 'DONE' + open('link').read()"),
    "make a hard link": ("import os", "os.link('{secret}', 'link')", "return 'DONE'"),
    "connect by TCP": ("import socket", "s = socket.create_connection(('127.0.0.1', {tcp}), 3)",
                       "return 'DONE'"),
    "send by UDP": ("import socket", "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
                    "s.sendto(b'hello', ('127.0.0.1', {udp}))", "return 'DONE'"),
    "connect to a unix socket": ("import socket", "s = socket.socket(socket.AF_UNIX)",
                                 "s.connect('{unix}')", "return 'DONE'"),
    "connect by another TCP": ("import socket", "s = socket.socket(2, 1, 262)",
                               "s.connect(('127.0.0.1', {tcp}))", "return 'DONE'"),
    "connect by sending": ("import socket", "s = socket.socket()",
                           "s.sendto(b'x', 0x20000000, ('127.0.0.1', {tcp}))", "return 'DONE'"),
    "connect from a thread": ("import socket, threading", "done = []",
                              "def go(): done.append(socket.create_connection("
                              "('127.0.0.1', {tcp}), 3))",
                              "t = threading.Thread(target=go)", "t.start()", "t.join()",
                              "return 'DONE' if done else ''"),
    "listen for connections": ("import socket", "s = socket.socket()",
                               "s.bind(('127.0.0.1', 0))", "s.listen()", "return 'DONE'"),
    "listen without an address": ("import socket", "s = socket.socket()", "s.listen()",
                                  "return 'DONE'"),
    "a pair of sockets": ("import socket", "socket.socketpair()", "return 'DONE'"),
    "ask the kernel for sockets": ("import socket", "socket.socket(16, 3, 0)", "return 'DONE'"),
    "slow its parent down": ("import os", "os.setpriority(os.PRIO_PROCESS, {parent}, 10)",
                             "return 'DONE'"),
    "make its parent a batch job": ("import os",
                                    "os.sched_setscheduler({parent}, os.SCHED_BATCH, "
                                    "os.sched_param(0))",
                                    "return 'DONE'"),
    "tie its parent to one core": ("import os", "os.sched_setaffinity({parent}, [0])",
                                   "return 'DONE'"),
    "another root folder": ("import os", "os.chroot('.')", "return 'DONE'"),
    "leave a message in a queue": ("import ctypes", "libc = ctypes.CDLL(None)",
                                   "libc.syscall(240, b'{mark}', 0o102, 0o600, 0)",
                                   "f = libc.syscall(240, b'{mark}', 0o2, 0, 0)",
                                   "return 'DONE' if f >= 0 else ''"),
    "take hold of its parent": ("import os", "os.pidfd_open({parent})", "return 'DONE'"),
    "shut its mouth and stay": ("import os, time", "os.closerange(0, 64)", "time.sleep(60)"),
    "look at raw packets": ("import socket",
                            "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)",
                            "return 'DONE'"),
    "start a program": ("import subprocess",
                        "return 'DONE' + subprocess.run(['/bin/echo', 'x'], "
                        "capture_output=True).stdout.decode()"),
    "start a shell": ("import os", "return 'DONE' if os.system('true') == 0 else ''"),
    "start another Python": ("import subprocess, sys",
                             "subprocess.run([sys.executable, '-c', \"open('{outside}/new', "
                             "'w')\"], check=True)",
                             "return 'DONE'"),
    "run a program from memory": ("import os", "f = os.memfd_create('x')",
                                  "os.write(f, b'#!/bin/sh\\necho x > {outside}/new\\n')",
                                  "os.execve(f, ['x'], {{}})"),
    "a fork bomb": (*RENAME, "while True:", "    try:", "        os.fork()",
                    "    except OSError:", "        pass"),
    "leave a daemon behind": (*RENAME, "if os.fork() == 0:", "    os.setsid()",
                              "    if os.fork() == 0:", "        time.sleep(60)",
                              "    os._exit(0)", "return 'left'"),
    "a bomb of bytes": ("b = []", "while True:", "    b.append(bytearray(1 << 26))"),
    "a bomb of numbers": ("return float(np.ones((40000, 40000)).sum())",),
    "never end": ("while True:", "    pass",),
    "sleep and ignore signals": ("import signal, time",
                                 "for n in (1, 2, 15):",
                                 "    signal.signal(n, signal.SIG_IGN)",
                                 "time.sleep(60)"),
    "kill its parent": ("import os", "os.kill({parent}, 9)", "return 'DONE'"),
    "kill everybody": ("import os", "os.kill(-1, 15)", "return 'tried'"),
    "interrupt its parent": ("import os", "os.kill({parent}, 2)", "return 'DONE'"),
    "trace its parent": ("import ctypes", "libc = ctypes.CDLL(None, use_errno=True)",
                         "return 'DONE' if libc.ptrace(16, {parent}, 0, 0) == 0 else ''"),
    "read its parent's memory": ("return 'DONE' + str(open('/proc/{parent}/mem', 'rb').read(1))",),
    "read its parent's environment": ("return 'DONE' + open('/proc/{parent}/environ').read()",),
    "read a key in its own environment": ("import os",
                                          "return 'DONE' if 'SOME_API_KEY' in os.environ "
                                          "else ''"),
    "read a key by ctypes": ("import ctypes", "libc = ctypes.CDLL(None)",
                             "libc.getenv.restype = ctypes.c_char_p",
                             "return 'DONE' if libc.getenv(b'SOME_API_KEY') else ''"),
    "open a file by ctypes": ("import ctypes", "libc = ctypes.CDLL(None)",
                              "f = libc.open(b'{secret}', 0)",
                              "buffer = ctypes.create_string_buffer(99)",
                              "return 'DONE' if libc.read(f, buffer, 99) > 0 else ''"),
    "walk to the builtins": ("for c in ().__class__.__base__.__subclasses__():",
                             "    if c.__name__ == '_wrap_close':",
                             "        system = c.__init__.__globals__['system']",
                             "        return 'DONE' if system('true') == 0 else ''"),
    "io_uring": ("import ctypes", "libc = ctypes.CDLL(None, use_errno=True)",
                 "p = ctypes.create_string_buffer(120)",
                 "return 'DONE' if libc.syscall(425, 4, p) >= 0 else ''"),
    "a namespace of its own": ("import ctypes", "libc = ctypes.CDLL(None)",
                               "return 'DONE' if libc.unshare(0x10000000) == 0 else ''"),
    "mount": ("import ctypes", "libc = ctypes.CDLL(None)",
              "return 'DONE' if libc.mount(b'x', b'/mnt', b'tmpfs', 0, 0) == 0 else ''"),
    "write by DuckDB": ("import duckdb",
                        "duckdb.sql(\"COPY (SELECT 1) TO '{outside}/new.csv'\")",
                        "return 'DONE'"),
    "read by DuckDB": ("import duckdb",
                       "return 'DONE' + str(duckdb.sql(\"SELECT content FROM "
                       "read_text('{secret}')\").fetchall())"),
    "write by pandas": ("pd.DataFrame({{'a': [1]}}).to_csv('{outside}/new.csv')",
                        "return 'DONE'"),
    "read by pandas": ("return 'DONE' + str(pd.read_csv('{outside}/secret.csv'))",),
    "write by pyarrow": ("import pyarrow as pa", "import pyarrow.parquet as pq",
                         "pq.write_table(pa.table({{'a': [1]}}), '{outside}/new.parquet')",
                         "return 'DONE'"),
    "read by pyarrow": ("import pyarrow as pa",
                        "return 'DONE' + str(pa.OSFile('{secret}').read())"),
    "unpickle what it made": ("import pickle",
                              "class E:", "    def __reduce__(self):",
                              "        import os",
                              "        return os.mkdir, ('{outside}/new',)",
                              "pickle.loads(pickle.dumps(E()))", "return 'DONE'"),
    "fill the disk": ("import os", "for place in ('.', '/tmp', '/var/tmp', '/dev/shm', '/'):",
                      "    try:", "        f = open(place + '/{mark}', 'wb')",
                      "    except OSError:", "        continue",
                      "    f.write(bytes(1 << 27))", "    return 'DONE'"),
    "tamper with the snapshot": ("import os, glob",
                                 "for f in glob.glob('snapshot/*'):",
                                 "    try:", "        os.chmod(f, 0o666)",
                                 "    except OSError:", "        pass",
                                 "    open(f, 'r+b').write(b'xx')", "return 'DONE'"),
    "read beyond an array": ("x = np.lib.stride_tricks.as_strided(np.zeros(1), (1 << 40,), (8,))",
                             "return float(x[1 << 36])"),
    "write beyond an array": ("x = np.lib.stride_tricks.as_strided(np.zeros(1), (1 << 40,), (8,))",
                              "x[-(1 << 30):] = 1", "return 'survived'"),
    "an answer that is an object of its own": ("class E(dict):",
                                               "    def items(self): raise SystemExit(0)",
                                               "return E(a=1)"),
    "a figure that runs code": ("class E:", "    def to_plotly_json(self): return 1",
                                "    def to_json(self): return open('{secret}').read()",
                                "return E()"),
    "an endless answer": ("import os", "chunk = b'x' * (1 << 20)", "while True:",
                          "    for f in range(3, 64):", "        try:",
                          "            os.write(f, chunk)",
                          "        except OSError:", "            pass"),
    "3 GB of answer": ("return 'x' * (3 << 30)",),
    "3 GB of talk": ("import os", "for i in range(3000):", "    os.write(2, b'x' * (1 << 20))",
                     "return 'talked'"),
    "a forged answer": ("import os",
                        "for f in range(3, 64):", "    try:",
                        "        os.write(f, b'[23, 0, 0]\\n{{\"text\": \"DONE forged\"}}')",
                        "    except OSError:", "        pass", "os._exit(0)"),
    "import the study's modules": ("import sys", "sys.path.insert(0, '{root}')",
                                   "import storage.study", "return 'DONE'"),
    "read the program's other code": ("return 'DONE' + open('{root}/storage/study.py').read()",),
    "raise its limits": ("import resource",
                         "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 40, 1 << 40))",
                         "open('{outside}/new', 'w').write('x')", "return 'DONE'"),
    "change its parent's limits": ("import resource",
                                   "resource.prlimit({parent}, resource.RLIMIT_CPU, (1, 1))",
                                   "return 'DONE'"),
}  # fmt: skip


def rank() -> tuple:
    """How this very process is ranked by the system: attacks must not change it."""
    mask = tuple(sorted(os.sched_getaffinity(0)))
    return os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), mask


RANK = rank()


def queue_exists() -> bool:
    """Whether a message queue of the attacks' name is in the kernel; it is taken away."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    return ctypes.CDLL(None).syscall(241, MARK.encode()) == 0


def left_behind(world: World) -> list[int]:
    """Processes that an attack started and that do not end within two seconds."""
    assert world.victim.poll() is None
    assert not Path(f"/dev/shm/{MARK}").exists() and not list(Path("/tmp").glob(f"{MARK}*"))
    assert not queue_exists()
    for _ in range(40):
        if not marked():
            break
        time.sleep(0.05)
    return marked()


def attempt(name: str, world: World, copy: Path) -> str:
    """Run one attack; all that the program was told."""
    code = body(*(line.format(**world.names()) for line in ATTACKS[name]))
    result = run_code(code, copy, timeout_s=4, memory_mb=1024)
    assert "code 127" not in str(result.error)  # it did start
    assert rank() == RANK
    assert not result.text.startswith("DONE"), f"{name}: {result.text[:200]}"
    return f"{result.text} {result.numbers} {result.error} {result.figure} {result.table}"


# These end, hold up or fill the process, or change what it may: each needs one of its own.
ALONE = (
    "shut its mouth and stay", "run a program from memory", "a fork bomb", "leave a daemon behind",
    "a bomb of bytes", "a bomb of numbers", "never end", "sleep and ignore signals",
    "kill its parent", "kill everybody", "interrupt its parent", "fill the disk",
    "another root folder", "a namespace of its own", "raise its limits", "tamper with the snapshot",
    "read beyond an array", "write beyond an array", "an answer that is an object of its own",
    "a figure that runs code", "an endless answer", "3 GB of answer", "3 GB of talk",
    "a forged answer", "import the study's modules", "io_uring", "mount", "write by DuckDB",
    "read by DuckDB",
)  # fmt: skip
WHOLE = tuple(name for name in ATTACKS if name not in ALONE)
IN_ONE = 8  # attacks in one process
PARTS = [WHOLE[start : start + IN_ONE] for start in range(0, len(WHOLE), IN_ONE)]


def attempt_all(names: Sequence[str], world: World, copy: Path) -> str:
    """Run some attacks one after another in one process; all that the program was told."""
    assert not set(names) & set(ALONE)
    told = told_by_each(names, world, copy)
    assert rank() == RANK
    for name, said in told.items():
        assert "DONE" not in said, f"{name}: {said[:2000]}"
    return str(told)


def told_by_each(
    names: Sequence[str], world: World, copy: Path, memory_mb: int = 1024
) -> dict[str, str]:
    """What each attack returned, or the error that it ended with, where one process tries all."""
    lines = ["told = []"]
    for name in names:
        lines += [
            "def attack():",
            *(f"    {line.format(**world.names())}" for line in ATTACKS[name]),
        ]
        lines += ["try:", "    told.append(str(attack())[:400])"]
        lines += ["except BaseException as error:", "    told.append(repr(error)[:400])"]
    result = run_code(body(*lines, f"return {BETWEEN!r}.join(told)"), copy, 20, memory_mb)
    assert result.error is None and result.text.count(BETWEEN) == len(names) - 1, result
    return dict(zip(names, result.text.split(BETWEEN), strict=True))


def test_there_are_at_least_thirty_attacks() -> None:
    assert set(ALONE) < set(ATTACKS) and sorted([*ALONE, *sum(PARTS, ())]) == sorted(ATTACKS)
    assert len(ATTACKS) >= 30


@contextmanager
def untouched(world: World, copy: Path) -> Iterator[None]:
    """Look at the world outside before and after: nothing is changed, heard or left behind."""
    before, data, heard = content(world.folder), content(copy), len(world.heard)
    mode = (world.folder / "secret.txt").stat().st_mode
    yield
    assert content(world.folder) == before and content(copy) == data
    assert (world.folder / "secret.txt").stat().st_mode == mode
    time.sleep(0.05)
    assert len(world.heard) == heard
    assert left_behind(world) == []


@pytest.mark.parametrize("name", ALONE)
def test_an_attack_gets_nothing_and_leaves_nothing(
    name: str,
    world: World,
    snapshot: Path,  # noqa: F811
) -> None:
    with untouched(world, snapshot):
        started = time.monotonic()
        told = attempt(name, world, snapshot)
        assert time.monotonic() - started < 12
        assert SECRET not in told


@pytest.mark.parametrize("names", PARTS, ids=lambda names: f"{names[0]} to {names[-1]}")
def test_attacks_after_each_other_get_nothing_and_leave_nothing(
    names: Sequence[str],
    world: World,
    snapshot: Path,  # noqa: F811
) -> None:
    with untouched(world, snapshot):
        assert SECRET not in attempt_all(names, world, snapshot)


@pytest.mark.slow
def test_every_attack_of_an_ordinary_user_fails_as_well(world: World, tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("every other test here is one of an ordinary user already")
    if shutil.which("setpriv") is None:
        missing("setpriv of util-linux is not installed")
    tmp_path.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    may_read = "-all,+dac_read_search"  # Python itself may lie in a folder of root's
    user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    user += [f"--{kind}={may_read}" for kind in ("inh-caps", "ambient-caps", "bounding-set")]
    done = subprocess.run(
        [*user, sys.executable, str(Path(__file__).parent / "attacks_of_user.py"), str(home)],
        env={"PATH": os.defpath, "HOME": str(home), "TMPDIR": str(home),
             "PYTHONPATH": os.pathsep.join(map(str, Path(__file__).parents[:2]))},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == [str(NOBODY), str(len(ATTACKS)), "blocked"]


def test_the_self_test_finds_nothing_open_here_and_would_find_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sandbox.self_test() == []
    set_free(monkeypatch)
    assert {
        "read a file", "connect", "listen", "signal its parent", "slow its parent down"
    } <= set(sandbox.self_test())  # fmt: skip


def set_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start analysis code as a plain process, as where nothing can confine it."""
    monkeypatch.setattr(sandbox, "start", lambda command, readable, env, memory_mb: (
        _start_plain(command, readable[0], env)))  # fmt: skip
    monkeypatch.setattr(sandbox, "confinement", lambda: Confinement("none", False, "tried"))


HARMLESS = (
    "read a secret", "read the keys of ssh", "list its home", "read the password file",
    "list a folder", "connect by TCP", "connect from a thread", "send by UDP",
    "connect to a unix socket", "listen for connections", "listen without an address",
    "a pair of sockets", "start a program", "start a shell", "walk to the builtins",
    "open a file by ctypes", "read by DuckDB", "read by pandas", "read by pyarrow",
    "read the program's other code", "take hold of its parent",
)  # fmt: skip


def test_what_is_blocked_would_work_without_confinement(
    world: World,
    snapshot: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_free(monkeypatch)
    heard = len(world.heard)
    for name, said in told_by_each(HARMLESS, world, snapshot, 4096).items():
        assert said.startswith("DONE"), f"{name}: {said}"
    time.sleep(0.2)
    assert len(world.heard) == heard + 4  # TCP, TCP from a thread, UDP, a unix socket


def test_what_is_allowed_works(world: World, snapshot: Path) -> None:  # noqa: F811
    code = body(
        "table = pd.DataFrame({'a': np.arange(1000) % 7, 'b': np.arange(1000.0)})",
        "return {'table': table.groupby('a', as_index=False).b.mean(), 'n': len(table)}",
    )
    result = run_code(code, snapshot)
    assert result.error is None and result.numbers == {"n": 1000}
    assert result.table is not None and len(result.table) == 7


def test_processes_that_are_ready_answer_and_end_with_the_program(
    world: World,
    snapshot: Path,  # noqa: F811
) -> None:
    sandbox.keep_ready(2)
    try:
        for _ in range(3):
            time.sleep(0.2)
            assert run_code(body("return 1"), snapshot).numbers == {"value": 1}
        for _ in range(100):
            if len(sandbox._waiting) == 2:
                break
            time.sleep(0.1)
        pids = [each.child.pid for each in sandbox._waiting]
        folders = [each.folder for each in sandbox._waiting]
        assert len(pids) == 2
    finally:
        sandbox.keep_ready(0)
    time.sleep(0.2)
    assert not any(_alive(pid) for pid in pids)
    assert not any(folder.exists() for folder in folders)


def test_a_killed_program_leaves_no_process_behind(world: World, tmp_path: Path) -> None:
    script = (
        "import time; from llm_query import sandbox; sandbox.keep_ready(1)\n"
        "while not sandbox._waiting: time.sleep(0.05)\n"
        "print(sandbox._waiting[0].child.pid, flush=True); time.sleep(60)\n"
    )
    program = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    pid = int(program.stdout.readline())
    assert _alive(pid)
    program.send_signal(signal.SIGKILL)
    program.wait()
    for _ in range(60):
        if not _alive(pid):
            break
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False

"""Take the network away from this very process, for good: no socket of any kind can be made.

Landlock watches connections by TCP alone, and new kinds (MPTCP, opening by sending, a listener
without an address) pass it. A process without sockets has none of them. The filter holds for every
thread and child and cannot be taken back; it comes on top of what `llm_query.confinement` set up.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys

# Numbers of the calls on each kind of machine (Linux, 64 bit): socket, socketpair, connect, bind,
# listen, accept, accept4, sendto.
CALLS = {
    "x86_64": (0xC000003E, (41, 53, 42, 49, 50, 43, 288, 44)),
    "aarch64": (0xC00000B7, (198, 199, 203, 200, 201, 202, 242, 206)),
}
NO_NEW_PRIVILEGES, SET_FILTER, EVERY_THREAD = 38, 1, 1
SECCOMP = {"x86_64": 317, "aarch64": 277}
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000  # 1 is "operation not permitted"
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06


def is_known() -> bool:
    """Whether the filter can be made for this machine."""
    return sys.platform == "linux" and platform.machine() in CALLS


def shut_network() -> None:
    """Let no further socket be made in this process; raises OSError where that fails."""
    machine = platform.machine()
    architecture, calls = CALLS[machine]
    program = [
        (LOAD, 0, 0, 4), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0),
        *((EQUAL, len(calls) - n, 0, call) for n, call in enumerate(calls)),
        (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE),
    ]  # fmt: skip
    code = b"".join(struct.pack("=HBBI", *line) for line in program)
    lines = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("=HxxxxxxQ", len(program), ctypes.addressof(lines))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    pointer = ctypes.create_string_buffer(header, len(header))
    if libc.syscall(SECCOMP[machine], SET_FILTER, EVERY_THREAD, pointer) != 0:
        raise OSError(ctypes.get_errno(), "The network cannot be shut for the analysis")

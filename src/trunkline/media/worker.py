"""The child process that runs rtpproxy: hand its sockets to the parent, then live as long as the parent.

Media never passes through an interpreter: rtpproxy's own threads relay it. The command and notice sockets go
to the parent by SCM_RIGHTS, so that commands do not pass through this interpreter either; what is left here
is one thread that waits for the parent's end of the control socket to close, be it by ``kill -9``.

Run as ``python -m trunkline.media.worker CONTROL_FD PARENT_PID``. The parent first sends one line of JSON:
the arguments of ``rtpproxy`` and nothing else.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import socket
import sys
from typing import Any, Final

_PR_SET_PDEATHSIG: Final = 1
_LONGEST_ARGUMENTS: Final = 65536
# How long closing every stream may take, which puts their recordings in place.
_LAST_WORDS_S: Final = 1.0
_PRIVATE: Final = 0o077


class ParentGoneError(Exception):
    """The parent died; raised out of whatever this process waits for."""


def main(control_fd: int, parent_pid: int) -> None:
    """Run rtpproxy until the parent closes its end of the control socket or dies."""
    try:
        _tie_to_parent(parent_pid)
        with socket.socket(fileno=control_fd) as control:
            control.set_inheritable(False)
            _serve(control)
    except ParentGoneError:
        pass
    os._exit(0)


def _serve(control: socket.socket) -> None:
    arguments = _read_arguments(control)
    _raise_descriptor_limit()
    os.umask(_PRIVATE)
    proxy = _start(arguments)
    try:
        sockets = [proxy.rtpp_sock.fileno(), proxy.rtpp_nsock.fileno()]
        socket.send_fds(control, [json.dumps({"notify": proxy.rtpp_nsock_spec}).encode()], sockets)
        while control.recv(4096):
            pass
    except (ParentGoneError, OSError):
        pass
    _close_streams(proxy.rtpp_sock)
    # While ``proxy`` still lives: its destructor takes a second, and nothing of it is needed any more.
    os._exit(0)


def _tie_to_parent(parent_pid: int) -> None:
    # A terminal's ^C and a service manager's TERM reach the whole group, but calls are drained by the parent:
    # media must outlive both. So TERM, which is also the death signal, counts only once the parent is gone.
    def on_term(_number: int, _frame: object) -> None:
        if os.getppid() != parent_pid:
            raise ParentGoneError

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, on_term)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent_pid:
        raise ParentGoneError


def _read_arguments(control: socket.socket) -> dict[str, Any]:
    data = b""
    while not data.endswith(b"\n"):
        part = control.recv(_LONGEST_ARGUMENTS)
        if not part or len(data) > _LONGEST_ARGUMENTS:
            raise ParentGoneError
        data += part
    arguments: dict[str, Any] = json.loads(data)
    return arguments


def _raise_descriptor_limit() -> None:
    # A stream takes four descriptors.
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _start(arguments: dict[str, Any]) -> Any:
    try:
        from rtp.io import rtpproxy  # noqa: PLC0415 (its absence is told to the operator, not raised)

        return rtpproxy(**arguments)
    except (ImportError, RuntimeError) as error:
        # rtpproxy has already said on stderr why it refuses its arguments.
        print(f"CRIT:GLOBAL:worker:0: {error}", file=sys.stderr, flush=True)  # noqa: T201
        os._exit(1)


def _close_streams(commands: socket.socket) -> None:
    # The parent shares this socket but reads it no more. Closing the streams renames their recordings.
    commands.settimeout(_LAST_WORDS_S)
    try:
        commands.sendall(b"X\n")
        answer = commands.recv(65536)
        commands.settimeout(_LAST_WORDS_S / 20)
        while answer:
            answer = commands.recv(65536)
    except OSError:
        pass


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

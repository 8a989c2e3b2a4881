"""Landlock on Linux: restricts a process to files that it names beforehand.

The restriction is permanent, for the process and all its children; it can't access the memory or
environment of other processes of the same account either. On kernels without Landlock (before 5.13,
or disabled) and on other systems this does nothing.

See landlock(7). The system call numbers are the same on all Linux architectures.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION, PATH_BENEATH, NO_NEW_PRIVS = 1, 1, 38
WRITE_FILE, READ_FILE, READ_DIR = 1 << 1, 1 << 2, 1 << 3
# All filesystem rights of each ABI version, except ioctls on devices.
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1}
RIGHTS_SINCE_3 = (1 << 15) - 1


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def shut_in(reads: Iterable[Path], writes: Iterable[Path] = ()) -> bool:
    """Restrict this process to these files, and to the contents of these folders.

    Must be called before other threads are started: they would not be restricted.

    Returns:
        whether the kernel has applied it.
    """
    if sys.platform != "linux":
        return False
    call = ctypes.CDLL(None, use_errno=True).syscall
    version = call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION))
    if version < 1:
        return False
    handled = _Ruleset(RIGHTS.get(version, RIGHTS_SINCE_3))
    size = ctypes.c_size_t(ctypes.sizeof(handled))
    ruleset = call(CREATE_RULESET, ctypes.byref(handled), size, ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    try:
        for path in reads:
            _allow(call, ruleset, path, READ_FILE | READ_DIR)
        for path in writes:
            _allow(call, ruleset, path, READ_FILE | READ_DIR | WRITE_FILE)
        ctypes.CDLL(None).prctl(NO_NEW_PRIVS, 1, 0, 0, 0)
        return bool(call(RESTRICT_SELF, ruleset, ctypes.c_uint32(0)) == 0)
    finally:
        os.close(ruleset)


def _allow(call: ctypes._NamedFuncPointer, ruleset: int, path: Path, rights: int) -> None:
    try:
        target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what does not exist needs no rule
    try:
        if not stat.S_ISDIR(os.fstat(target).st_mode):
            rights &= ~READ_DIR
        rule = _PathBeneath(rights, target)
        call(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(target)

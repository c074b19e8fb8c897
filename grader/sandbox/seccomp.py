"""A filter of system calls: no namespaces, mounts, tracing or other doors to the kernel from inside.

Written as a classic BPF program for `bwrap --seccomp`; see seccomp(2) and <linux/seccomp.h>.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_ALLOW = 0x7FFF0000
_ERROR = 0x00050000
_CLONE_NEWUSER = 0x10000000
_X32 = 0x40000000
# The same numbers everywhere since Linux 5.1: mounting by descriptor, and io_uring.
_NEWER = (425, 426, 427, 428, 429, 430, 431, 432, 433, 442)
_CLONE3 = 435


@dataclass(frozen=True)
class _Architecture:
    audit: int
    clone: int
    unshare: int
    denied: tuple[int, ...]


# mount, umount2, pivot_root, setns, ptrace, process_vm_readv, process_vm_writev, kexec_load,
# kexec_file_load, bpf, perf_event_open, userfaultfd, add_key, request_key, keyctl,
# open_by_handle_at, name_to_handle_at, swapon, swapoff, init_module, finit_module, delete_module,
# reboot, acct, syslog; then iopl and ioperm where they exist.
_X86_64 = (
    *(165, 166, 155, 308, 101, 310, 311, 246, 320, 321, 298, 323, 248, 249, 250),
    *(304, 303, 167, 168, 175, 313, 176, 169, 163, 103, 172, 173),
)
_AARCH64 = (
    *(40, 39, 41, 268, 117, 270, 271, 104, 294, 280, 241, 282, 217, 218, 219),
    *(265, 264, 224, 225, 105, 273, 106, 142, 89, 116),
)
_KNOWN = {
    "x86_64": _Architecture(0xC000003E, 56, 272, _X86_64),
    "aarch64": _Architecture(0xC00000B7, 220, 97, _AARCH64),
}


def program(machine: str) -> bytes | None:
    """Return the filter for `machine` (as `platform.machine()` names it), None where there is none.

    Denied calls fail with EPERM, those of another architecture too. clone3 fails with ENOSYS, since
    its flags lie where a filter cannot look, and the C library then uses clone.
    """
    known = _KNOWN.get(machine)
    if known is None:
        return None
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IF_EQUAL, 1, 0, known.audit),
        (_RETURN, 0, 0, _ERROR | errno.EPERM),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_IF_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _ERROR | errno.EPERM),
        (_IF_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _ERROR | errno.ENOSYS),
    ]
    for number in (*known.denied, *_NEWER):
        steps += [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERROR | errno.EPERM)]
    for number in (known.clone, known.unshare):
        steps += [
            (_IF_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
            (_IF_ANY_BIT, 0, 1, _CLONE_NEWUSER),
            (_RETURN, 0, 0, _ERROR | errno.EPERM),
            (_RETURN, 0, 0, _ALLOW),
        ]
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)

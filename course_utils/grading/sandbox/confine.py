"""What a process does to itself before it runs a student's code. Linux, by its own system calls.

A fork of the worker goes into namespaces of its own (no other process, no network, nothing to write
but an empty folder), gives up every privilege, and bars itself from starting programs.
"""

import contextlib
import ctypes
import os
import platform
import resource
import struct

from course_utils.grading.sandbox.bubblewrap import NOBODY, SCRATCH

NEW_MOUNTS, NEW_IPC, NEW_USERS, NEW_PIDS, NEW_NET = 1 << 17, 1 << 27, 1 << 28, 1 << 29, 1 << 30
READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS, REMOUNT = 1, 2, 4, 8, 32
RECURSIVE_PRIVATE, BIND = 0x4000 | 0x40000, 0x1000
SET_DUMPABLE, SET_NO_NEW_PRIVILEGES, SET_SECCOMP, SECCOMP_FILTER, DROP_BOUNDING = 4, 38, 22, 2, 24
CAPABILITY_VERSION_3 = 0x20080522


def system_call(name: str, *arguments) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_ulong(word) if isinstance(word, int) else word for word in arguments]
    if getattr(libc, name)(*words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def enter_namespaces() -> None:
    """Leave for namespaces of one's own. The next process forked is the first of them, and when
    that one ends, the kernel ends all others there and drops what they mounted and shared."""
    system_call("unshare", NEW_MOUNTS | NEW_IPC | NEW_PIDS | NEW_NET)


def empty_folders(size: int) -> None:
    """Mount an empty folder to work in and an empty /dev/shm, and next to nothing over /proc."""
    system_call("mount", None, b"/", None, RECURSIVE_PRIVATE, None)
    flags = NO_SUID | NO_DEVICES | NO_PROGRAMS
    options = b"size=%d,mode=1777,nr_inodes=4096" % size
    system_call("mount", b"tmpfs", SCRATCH.encode(), b"tmpfs", flags, options)
    shared = f"{SCRATCH}/.shm"  # in the same folder, so that both together have its size
    os.mkdir(shared)
    os.chmod(shared, 0o1777)
    system_call("mount", shared.encode(), b"/dev/shm", None, BIND, None)
    system_call("mount", b"tmpfs", b"/proc", b"tmpfs", flags, b"size=4096,mode=755")
    os.mkdir("/proc/self")
    os.symlink("/worker", "/proc/self/exe")  # TensorFlow asks for it, and ends without an answer
    system_call("mount", None, b"/proc", None, flags | READ_ONLY | REMOUNT, None)


def limit(memory: int, disk: int, seconds: int, threads: int | None = None) -> None:
    """Set the kernel's limits. memory: all of the address space; threads: of this user."""
    limits = {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": seconds,
        "RLIMIT_FSIZE": disk,
        "RLIMIT_NOFILE": 256,
        "RLIMIT_NPROC": threads,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_AS": memory,
    }
    for name, most in limits.items():
        if most is not None and hasattr(resource, name):
            kind = getattr(resource, name)
            hard = resource.getrlimit(kind)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (most, most))


def mapped() -> int:
    """How much address space this process has, where /proc tells; otherwise a guess."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 2**33


def give_up_privileges() -> None:
    """Become nobody where that is possible, and give up every capability for good."""
    system_call("prctl", SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    for number in range(64):
        with contextlib.suppress(OSError):  # for numbers that the kernel has no capability for
            system_call("prctl", DROP_BOUNDING, number, 0, 0, 0)
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    drop_capabilities()


def drop_capabilities() -> None:
    system_call("capset", struct.pack("=Ii", CAPABILITY_VERSION_3, 0), bytes(24))


def become_a_user_of_ones_own(own: int) -> None:
    """Enter a namespace of users with oneself as the only one.

    The kernel counts threads and keys by user: so nobody else's count. own: the folder of this
    process in /proc, open.
    """
    system_call("prctl", SET_DUMPABLE, 1, 0, 0, 0)  # or the files there are root's
    system_call("unshare", NEW_USERS)
    user, group = f"{NOBODY} {NOBODY} 1", f"{NOBODY} {NOBODY} 1"
    for name, text in (("setgroups", "deny"), ("uid_map", user), ("gid_map", group)):
        with open(name, "w", opener=lambda path, flags: os.open(path, flags, dir_fd=own)) as file:
            file.write(text)
    drop_capabilities()  # being alone comes with new ones


# System calls that no exercise needs, by machine: (x86_64, aarch64). Processes and programs,
# sockets, other processes' memory, mounts and namespaces, keys, and doors into the kernel; memory
# that no limit of a process counts; what tells whether a file that all share is in memory.
# By number, which the kernel never changes. pyseccomp would take names, but it needs the system's
# libseccomp, which pip cannot bring, and refuses only what that one knows. A test compares them.
REFUSED = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "socket": (41, 198),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_by_handle_at": (304, 265),
    "personality": (135, 92),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "mincore": (27, 232),
    "preadv2": (327, 286),
    "cachestat": (451, 451),
}
# A lock on a file of the environment would be seen, and waited for, by others. HDF5 does without.
FLOCK, FCNTL = (73, 32), (72, 25)
# Of fcntl: locks, leases, notices, and larger pipes.
REFUSED_COMMANDS = (6, 7, 37, 38, 1024, 1026, 1031)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
CLONE, CLONE3 = (56, 220), 435
THREAD = 0x00010000
ALLOW, KILL, REFUSE, NOT_KNOWN = 0x7FFF0000, 0x80000000, 0x00050000 | 1, 0x00050000 | 38
LOAD, EQUAL, SET, AT_LEAST, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
X32 = 0x40000000  # a second way to call x86_64's system


def bar_system_calls() -> None:
    """Have the kernel refuse (EPERM) REFUSED and every new process; threads stay allowed."""
    system_call("prctl", SET_SECCOMP, SECCOMP_FILTER, ctypes.byref(Program(instructions())), 0, 0)


def instructions() -> list[tuple[int, int, int, int]]:
    """A filter in the kernel's language (BPF): (code, steps if true, steps if false, operand)."""
    column, architecture = MACHINES[platform.machine()]
    refused = [numbers[column] for numbers in REFUSED.values() if numbers[column] is not None]
    program = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL)]
    program += [(LOAD, 0, 0, 0), (AT_LEAST, 0, 1, X32), (RETURN, 0, 0, REFUSE)]
    # What clone3 would do stands in memory, where no filter sees it. The C library then uses clone.
    program += [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, NOT_KNOWN)]
    program += [(EQUAL, 0, 1, FLOCK[column]), (RETURN, 0, 0, NOT_KNOWN)]
    commands = [(LOAD, 0, 0, 24)]  # the second argument
    for command in REFUSED_COMMANDS:
        commands += [(EQUAL, 0, 1, command), (RETURN, 0, 0, NOT_KNOWN)]
    commands += [(RETURN, 0, 0, ALLOW)]
    program += [(EQUAL, 0, len(commands), FCNTL[column]), *commands]
    for number in refused:
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE)]
    program += [(EQUAL, 0, 3, CLONE[column]), (LOAD, 0, 0, 16), (SET, 1, 0, THREAD)]
    program += [(RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    return program


class Program(ctypes.Structure):
    """The kernel's struct sock_fprog."""

    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]

    def __init__(self, steps):
        super().__init__(len(steps), b"".join(struct.pack("=HBBI", *step) for step in steps))


def confine(sandbox: bool, memory: int, disk: int, seconds: int) -> None:
    """Confine this process, the first of its namespaces, for good.

    memory: on top of what it has mapped already; seconds: of computing. Without a sandbox there are
    only limits, and a group of processes that can be ended together.
    """
    os.setsid()  # a signal to one's own group would go beyond one's own namespace
    memory += mapped()
    if not sandbox:
        limit(memory, disk, seconds)
        return
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # if the machine runs out of memory, this process goes first
    own = os.open("/proc/self", os.O_PATH)
    empty_folders(disk)
    os.chdir(SCRATCH)
    give_up_privileges()
    become_a_user_of_ones_own(own)
    os.close(own)
    limit(memory, disk, seconds, threads=256)
    bar_system_calls()

"""Start a process that cannot see or touch this machine: bubblewrap, set up for our worker.

It sees Python, what tree.py leaves of this course's package, the system's libraries, read-only, and
one empty folder. It has no network, sees no other process, and ends with ours.
"""

import functools
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import course_utils
from course_utils.errors import CourseError

PACKAGE = Path(course_utils.__file__).resolve().parent
# The system's own: programs, libraries and what the dynamic linker reads. Not /etc: it has secrets.
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/nix/store")
SETTINGS = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives")
# The one folder that can be written to. Each student's process gets an empty one.
SCRATCH = "/scratch"
INSIDE = {"HOME": SCRATCH, "TMPDIR": SCRATCH, "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
NOBODY = 65534

INSTALL = "sudo apt install bubblewrap   (Debian, Ubuntu; on Fedora: sudo dnf install bubblewrap)"
NO_SANDBOX = (
    "Grading runs students' code in a sandbox, and here there is none: {reason}\n"
    "{advice}\n"
    "Or grade on another machine. --no-sandbox runs their code with your account's rights: they "
    "could read and change your files."
)
NOT_LINUX = "the sandbox needs Linux on x86_64 or arm64, and this is {what}."
NOT_INSTALLED = "bubblewrap is not installed."
FAILED = "bubblewrap could not make one. It said: {said}"
NOT_ALLOWED = (
    "The usual reason: this system lets no ordinary program make namespaces. Start a container "
    "with --privileged, or with a seccomp profile that allows them. On Ubuntu 24.04: "
    "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
)


NO_START = "The process that runs students' code did not start. It said: {said}"


def environment(tree: Path | None = None) -> dict[str, str]:
    """What the worker's environment says. One thread for each: there are many of them.

    tree: the folder to take this package from, if not its own place.
    """
    backend = os.environ.get("KERAS_BACKEND")
    return {
        "MPLBACKEND": "agg",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join([str(tree or PACKAGE.parent), *packages()]),
        "PYTHONSAFEPATH": "1",
        "CUDA_VISIBLE_DEVICES": "-1",
        "JAX_PLATFORMS": "cpu",
        "MALLOC_ARENA_MAX": "2",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        **({"KERAS_BACKEND": backend} if backend else {}),
    }


def refusal(reason: str, advice: str) -> CourseError:
    return CourseError(NO_SANDBOX.format(reason=reason, advice=advice))


def why_not() -> str:
    """Why there can be no sandbox on this machine, or an empty text."""
    try:
        require()
    except CourseError as problem:
        return str(problem)
    return ""


def require() -> None:
    """Raise a CourseError that says why, where there can be no sandbox."""
    process = around(["/bin/true"], [], {})
    _, said = process.communicate()
    if process.returncode:
        raise trouble(said.decode(errors="replace"))


def trouble(said: str) -> CourseError:
    """What to say of a process that has ended before it was ready."""
    short = " ".join(said.split())[-600:] or "nothing"
    if said.startswith("bwrap:"):
        return refusal(FAILED.format(said=short), NOT_ALLOWED)
    return CourseError(NO_START.format(said=short))


class SandboxProcess:
    """A process in the sandbox, or without one where the instructor said so."""

    def __init__(self, command: list[str], keep: list[int], tree: Path, sandbox: bool):
        """Start a command. keep: file descriptors that it inherits. tree: the folder with this
        package as it is shown there."""
        self.failed = None
        started = threading.Event()
        inside = functools.partial(around, tree=tree) if sandbox else outside
        where = environment() if sandbox else environment(tree)
        # The kernel ends a process "with its parent" when the parent's thread ends: so this thread
        # lives as long as the process.
        self.thread = threading.Thread(
            target=self.follow, args=(inside, command, keep, where, started), daemon=True
        )
        self.thread.start()
        started.wait()
        if self.failed is not None:
            raise self.failed

    def follow(self, inside, command, keep, environment, started: threading.Event) -> None:
        try:
            self.process = inside(command, keep, environment)
        except BaseException as error:
            self.failed = error
            return
        finally:
            started.set()
        self.said = self.process.communicate()[1].decode(errors="replace")

    def end(self) -> None:
        self.process.kill()
        self.thread.join()

    def trouble(self) -> CourseError:
        self.end()
        return trouble(self.said)


def outside(command: list[str], keep: list[int], environment: dict) -> subprocess.Popen:
    """Start a command without a sandbox."""
    environment = {**os.environ, **environment}
    return start(command, keep, environment)


def start(command, keep, environment) -> subprocess.Popen:
    return subprocess.Popen(
        command,
        pass_fds=keep,
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def around(
    command: list[str], keep: list[int], environment: dict, tree: Path | None = None
) -> subprocess.Popen:
    """Start a command in the sandbox, or raise a CourseError that says what is missing."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in ("x86_64", "aarch64"):
        what = f"{platform.system()} on {machine}"
        raise refusal(NOT_LINUX.format(what=what), "Windows has Linux in WSL.")
    program = shutil.which("bwrap")
    if program is None:
        raise refusal(NOT_INSTALLED, INSTALL)
    if os.getuid() == 0:
        return start_as_root(program, command, keep, environment, tree)
    user = ["--uid", str(NOBODY), "--gid", str(NOBODY)]
    return start([program, *options(environment, tree), *user, *command], keep, {})


def start_as_root(program, command, keep, environment, tree) -> subprocess.Popen:
    """Start a command for root, who needs a second user in the sandbox.

    bubblewrap gives a sandbox one user. That would be root, whom the kernel lets change settings in
    /proc and start any number of processes. So we write the table of users for it.
    """
    said, told = os.pipe()
    waiting, go = os.pipe()
    user = ["--uid", "0", "--gid", "0", "--info-fd", str(told), "--userns-block-fd", str(waiting)]
    try:
        process = start(
            [program, *options(environment, tree), *user, *command], [*keep, told, waiting], {}
        )
        os.close(told), os.close(waiting)
        with open(said, closefd=False) as file:
            text = file.read()
        if text:  # bubblewrap says nothing if it failed
            child = json.loads(text)["child-pid"]
            for table in ("uid_map", "gid_map"):
                Path(f"/proc/{child}/{table}").write_text(f"0 0 1\n{NOBODY} {NOBODY} 1\n")
            os.write(go, b"1")
    finally:
        os.close(said), os.close(go)
    return process


def options(environment: dict, tree: Path | None) -> list[str]:
    """bubblewrap's options: what the sandbox holds, and what it keeps out."""
    made = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--clearenv"]
    # For the worker, to put each student's process into namespaces of its own; it hands on none.
    for capability in ("CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
        made += ["--cap-add", capability]
    for name, value in {**environment, **INSIDE}.items():
        made += ["--setenv", name, value]
    made += ["--proc", "/proc", "--tmpfs", SCRATCH, "--perms", "0755", "--dir", "/dev"]
    for device in DEVICES:
        made += ["--dev-bind", device, device]
    made += ["--dir", "/dev/shm"]
    shown = visible()
    if not any(path.startswith("/tmp/") for path in shown):
        made += ["--symlink", SCRATCH, "/tmp"]
    for path in shown:
        if os.path.islink(path):
            made += ["--symlink", os.readlink(path), path]
            continue
        for parent in reversed(Path(path).parents[:-1]):
            made += ["--perms", "0755", "--dir", str(parent)]
        if path != str(PACKAGE):
            made += ["--ro-bind", path, path]
    if tree is not None:
        for place in copies():
            made += ["--ro-bind", str(tree / PACKAGE.name), place]
    return [*made, "--remount-ro", "/", "--chdir", "/"]


def packages() -> list[str]:
    """Where installed packages are. Not all of sys.path: a clone has the solutions there, too."""
    return [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]


def copies() -> list[str]:
    """Where this package is: here, and perhaps among the installed ones, too. None is shown."""
    installed = (os.path.realpath(Path(path, PACKAGE.name)) for path in packages())
    return sorted({str(PACKAGE), *filter(os.path.isdir, installed)})


def visible() -> list[str]:
    """The paths of this machine that the sandbox shows, no one inside another."""
    system = [path for path in (*SYSTEM, *SETTINGS) if os.path.lexists(path)]
    python = [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, str(PACKAGE)]
    python += packages()
    shown: list[str] = []
    for path in [*system, *sorted({*python, *map(os.path.realpath, python)}, key=len)]:
        if not any(path == known or path.startswith(f"{known}/") for known in shown):
            shown.append(path)
    return shown

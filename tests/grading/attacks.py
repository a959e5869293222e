"""What people try on a grader, as cells of a notebook. Sources: the attacks that a published grader
was measured with, and what came to mind while this one was written.

Each is code that sets `won`. After it comes a solution that is right if `won` is true, and wrong
otherwise: an attack that reaches what it wants shows in the points.
"""

# Reach: read, write or touch something outside. {secret}, {folder}, {port} and {python} are filled
# in by the test; each path exists outside, and is worth reading.
REACH = {
    "read the class's seed": "won = bool(open('{secret}').read())",
    "read the class folder": "import os; won = bool(os.listdir('{folder}'))",
    "read the solutions": "won = 'BEGIN' in open('{repository}/notebooks/01_attention.py').read()",
    "read the home folder": "import os; won = sorted(os.listdir('{home}')) == {home_names}",
    "read accounts": "won = bool(open('/etc/passwd').read())",
    "read the environment": "import os; won = 'COURSE_SECRET' in os.environ",
    "read the environment of another": """
won = False
for number in range(1, 400):
    try:
        won = won or b"COURSE_SECRET" in open(f"/proc/{{number}}/environ", "rb").read()
    except OSError:
        pass
""",
    "read its own process": "won = bool(open('/proc/self/maps').read())",
    "see other processes": "import os; won = any(n.isdigit() for n in os.listdir('/proc'))",
    "change the kernel's settings": """
import os, glob
won = False
for path in ("/proc/sys/kernel/core_pattern", "/sys/kernel/mm/transparent_hugepage/enabled"):
    won = won or os.access(path, os.W_OK)
""",
    "write into the package": """
import course_utils.checking.judge as judge
open(judge.__file__, "a").write("#")
won = True
""",
    "write into Python": "import numpy; open(numpy.__file__, 'a').write('#'); won = True",
    "write a start-up file": """
import os
os.makedirs("{home}/.ipython/profile_default/startup")
open("{home}/.ipython/profile_default/startup/00-x.py", "w")
won = True
""",
    "write at the root": "open('/left', 'w'); won = True",
    "write to a device": "import os; won = len(os.listdir('/dev')) > 5",
    "connect to this machine": """
import socket
won = bool(socket.create_connection(("127.0.0.1", {port}), 2))
""",
    "send a packet": """
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", {port}))
won = True
""",
    "netlink": "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW); won = True",
    "start a program": "import subprocess; won = bool(subprocess.run(['{python}', '-V']))",
    "start a shell": "import os; won = os.system('true') == 0",
    "become another program": "import os; os.execv('{python}', ['{python}', '-V'])",
    "fork": """
import os
if os.fork() == 0:
    os._exit(0)
won = True
""",
    "leave a process behind": """
import subprocess
subprocess.Popen(["sleep", "600"], start_new_session=True)
won = True
""",
    "ask for privileges": "import os; os.setuid(0); won = os.getuid() == 0",
    "new namespaces": """
import ctypes
libc = ctypes.CDLL(None)
won = any(libc.unshare(flag) == 0 for flag in (0x10000000, 0x20000000, 0x20000))
""",
    "mount": """
import ctypes
libc = ctypes.CDLL(None)
won = libc.mount(b"proc", b"/tmp", b"proc", 0, None) == 0 or libc.umount2(b"/proc", 2) == 0
""",
    "trace another process": """
import ctypes
libc = ctypes.CDLL(None)
won = any(libc.ptrace(16, pid, None, None) == 0 for pid in range(1, 50))
""",
    "read another's memory": "won = bool(open('/proc/2/mem', 'rb').read(1))",
    "system calls by number": """
import ctypes
libc = ctypes.CDLL(None)
won = any(libc.syscall(n, 0, 0, 0, 0) >= 0 for n in (57, 58, 425, 321, 298, 323)) \\
    or libc.syscall(435, bytes(88), 88) >= 0
""",
    "memory that no limit counts": """
import ctypes
libc = ctypes.CDLL(None)
won = libc.shmget(0, 2**30, 0o1600) >= 0 or libc.memfd_create(b"x", 0) >= 0 \\
    or libc.msgget(0, 0o1600) >= 0 or libc.semget(0, 1000, 0o1600) >= 0
""",
    "more of the disk in /dev/shm": """
import os
size = os.statvfs("/dev/shm").f_bavail
open("left", "wb").write(bytes(2**20))
won = os.statvfs("/dev/shm").f_bavail == size
""",
    "larger pipes": """
import fcntl, os
won = fcntl.fcntl(os.pipe()[1], fcntl.F_SETPIPE_SZ, 2**20) >= 2**20
""",
    "lock a file of all": """
import fcntl, numpy
fcntl.flock(open(numpy.__file__), fcntl.LOCK_SH | fcntl.LOCK_NB)
won = True
""",
    "lock a part of a file of all": """
import fcntl, numpy
fcntl.lockf(open(numpy.__file__), fcntl.LOCK_SH | fcntl.LOCK_NB)
won = True
""",
    "lease a file of all": """
import fcntl, numpy
fcntl.fcntl(open(numpy.__file__), fcntl.F_SETLEASE, fcntl.F_RDLCK)
won = True
""",
    "ask whether a file is in memory": """
import ctypes, mmap, numpy, os
libc = ctypes.CDLL(None, use_errno=True)
file = open(numpy.__file__, "rb")
try:
    won = os.preadv(file.fileno(), [bytearray(64)], 0, os.RWF_NOWAIT) > 0
except OSError:
    won = False
libc.mmap.restype = ctypes.c_void_p
place = libc.mmap(None, ctypes.c_size_t(4096), 1, 1, file.fileno(), 0)
told = ctypes.create_string_buffer(1)
won = won or libc.mincore(ctypes.c_void_p(place), ctypes.c_size_t(4096), told) == 0
""",
    "keys of the kernel": """
import ctypes
won = ctypes.CDLL(None).syscall(248, b"user", b"k", b"v", 1, -4) >= 0
""",
    "signals to all": """
import os, signal
won = False
for target in [os.getppid(), -1, *range(2, 60)]:
    try:
        os.kill(target, signal.SIGKILL)
        won = won or target not in (0, -1)  # these two are oneself
    except OSError:
        pass
""",
}

# Leave something for an accomplice who is graded next. (first, second).
RELAY = {
    "a file in /tmp": ("open('/tmp/left', 'w')", "import os; won = os.path.exists('/tmp/left')"),
    "a file in /dev/shm": (
        "open('/dev/shm/left', 'w')",
        "import os; won = os.path.exists('/dev/shm/left')",
    ),
    "shared memory": (
        "import ctypes; ctypes.CDLL(None).shmget(4711, 4096, 0o1666)",
        "import ctypes; won = ctypes.CDLL(None).shmget(4711, 4096, 0o666) >= 0",
    ),
    "a changed module": (
        "import numpy; numpy.left = 1",
        "import numpy; won = hasattr(numpy, 'left')",
    ),
    "a thread": (
        "import threading, builtins; builtins.left = threading.Thread(target=input); "
        "left.daemon = True; left.start()",
        "import builtins; won = hasattr(builtins, 'left')",
    ),
}

# Forge: make the judge believe what is not so. After each, wrong solutions.
FORGE = {
    "patched comparisons": """
import numpy as np
np.testing.assert_allclose = np.allclose = np.array_equal = lambda *a, **k: True
np.all = np.any = lambda *a, **k: True
""",
    "patched judge": """
import course_utils.checking.judge as judge, course_utils.checking.exercise as exercise
judge.agrees = judge.same = lambda *a: True
judge.TOLERANCE = 1e9
judge.judge = exercise.judge = lambda *a, **k: 1 / 0
""",
    "patched report": """
from course_utils.checking.report import Report
Report.earned = Report.score = Report.passed = 100
""",
    "patched exercises": """
import dataclasses
from course_utils import exercises
for name, e in list(exercises.EXERCISES.items()):
    exercises.EXERCISES[name] = dataclasses.replace(e, points=100, outputs={"": ""},
                                                    reference=lambda *a: None, cases=lambda r: [])
""",
    "patched built-ins": """
import builtins, sys
builtins.isinstance = lambda *a: True
builtins.len = lambda *a: 0
builtins.abs = builtins.max = lambda *a, **k: 0
""",
    "patched modules": """
import sys, types
for name in list(sys.modules):
    if name.startswith(("numpy", "course_utils", "safetensors", "json")):
        sys.modules[name] = types.ModuleType(name)
""",
    "own numpy": "open('/tmp/numpy.py', 'w').write('x'); import sys; sys.path.insert(0, '/tmp')",
    "forged output": """
import sys
from IPython.display import display, publish_display_data
publish_display_data({"text/plain": "100.0", "application/x": {"earned": 100}})
sys.displayhook(100.0)
print('{"outcomes": [], "score": 1.0, "passed": true}')
""",
    "hooks of the notebook": """
ip = get_ipython()
ip.events.register("pre_run_cell", lambda *a: 1 / 0)
ip.ast_transformers.append(None)
ip.run_cell_async = ip.showtraceback = lambda *a: True
""",
    "a tracer": """
import sys, threading
def tracer(frame, event, argument):
    for name in frame.f_locals:
        if name in ("expected", "reference", "score"):
            frame.f_locals[name] = 1
    return tracer
sys.settrace(tracer); threading.settrace(tracer)
""",
    "the collector's objects": """
import gc
from course_utils.checking.exercise import Exercise
for thing in gc.get_objects():
    if isinstance(thing, Exercise):
        object.__setattr__(thing, "points", 100)
""",
    "at the end": "import atexit; atexit.register(lambda: print(1)); import weakref",
}

# The same, with our own solutions: found where a student's code can look.
FIND = {
    "in the caller's frames": """
import sys
def softmax(scores):
    frame = sys._getframe()
    while frame:
        for value in [*frame.f_locals.values(), *frame.f_globals.values()]:
            if hasattr(value, "reference"):
                return value.reference(scores)
        frame = frame.f_back
""",
    "in the catalogue": """
from course_utils.exercises import EXERCISES
def softmax(scores): return EXERCISES["softmax"].reference(scores)
""",
    "by its name": """
from course_utils.reference.attention import softmax as ours
def softmax(scores): return ours(scores)
""",
    "by its name, later": """
def softmax(scores):
    from course_utils.reference.attention import softmax
    return softmax(scores)
""",
    "as it is": "from course_utils.reference.attention import softmax",
    "in Keras": "from keras import ops\ndef softmax(scores): return ops.softmax(scores)",
}

# Points without solving: our own solution as a copy that has another name, or from where it is
# not looked for. Each makes `ours`, which does what our softmax does if the attack finds it.
COPY = {
    "a second copy of the module": """
import importlib.util
from course_utils.reference import attention
spec = importlib.util.spec_from_file_location("copy", attention.__file__)
copy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(copy)
ours = copy.softmax
""",
    "the module's text": """
from course_utils.reference import attention
names = {"__name__": "copy"}
exec(open(attention.__file__).read(), names)
ours = names["softmax"]
""",
    "the function's text": """
import inspect
from keras import ops
from course_utils.reference import attention
exec(inspect.getsource(attention.softmax).replace("def softmax", "def ours"))
""",
    "a copy of the function": """
import types
from course_utils.reference import attention
ours = types.FunctionType(attention.softmax.__code__, dict(vars(attention)))
""",
    "a copy made by pickle": """
import copy, marshal, types
from course_utils.reference import attention
code = marshal.loads(marshal.dumps(attention.softmax.__code__))
ours = types.FunctionType(code, {"ops": attention.ops})
""",
    "an attribute of a class": """
from course_utils.reference import attention
class Holder:
    function = staticmethod(attention.softmax)
ours = lambda scores: Holder.function(scores)
""",
    "an attribute of an object": """
import types
from course_utils.reference import attention
holder = types.SimpleNamespace(function=attention.softmax)
ours = lambda scores: vars(holder)["fun" + "ction"](scores)
""",
    "the module by its name, late": """
import sys
module = sys.modules["course_utils.reference." + "attention"]
ours = lambda scores: vars(module)["mix_values"].__globals__["soft" + "max"](scores)
""",
    "the exercise's answer": """
from course_utils.exercises.attention import softmax as module
import types
ours = types.FunctionType(module.softmax.__code__, vars(module))
""",
    "a mistake put right": """
from course_utils.exercises import EXERCISES
exercise = EXERCISES["softmax"]
ours = exercise.answer or exercise.mistakes[-1].function
""",
    "the answers of the class to look at": """
from course_utils.grading.demo import answers
exec("import numpy as np" + answers.LOOPS["softmax"].replace("def softmax", "def ours"))
""",
    "a later notebook's": """
from course_utils.training.official import load
import types
ours = types.FunctionType(load.softmax.__code__, vars(load))
""",
    "what a figure computes": """
import numpy as np
from course_utils.plots.explorer import weigh
def ours(scores):
    rows = np.reshape(scores, (-1, np.shape(scores)[-1]))
    return np.reshape([weigh(row, 1.0)[0] for row in rows], np.shape(scores))
""",
    "attention with a value that shows the weights": """
import numpy as np
from course_utils.reference.attention import mix_values
def ours(scores):
    weights = mix_values(np.atleast_2d(scores), np.eye(np.shape(scores)[-1], dtype="float32"))[1]
    return np.reshape(weights, np.shape(scores))
""",
    "the guard switched off": """
import contextlib
import course_utils.checking.guard as guard, course_utils.checking.run as run
from course_utils.reference import attention
for module in (guard, run):
    module.guarded = lambda *a, **k: contextlib.nullcontext()
    module.uses_forbidden = lambda *a, **k: None
ours = lambda scores: attention.softmax(scores)
""",
    "all that the collector knows": """
import gc, types
import numpy as np
def ours(scores):
    for thing in gc.get_objects():
        if not isinstance(thing, types.FunctionType) or thing.__name__ != "softmax":
            continue
        code, names = thing.__code__, dict(thing.__globals__)
        for given in (thing, types.FunctionType(code, names, "f", None, thing.__closure__)):
            try:
                return np.array(given(scores))
            except BaseException:
                pass
""",
    "a search of the disk": """
import os
names = {}
for folder in ("/work", "/home", "/opt", "/usr/lib", "/usr/local/lib", "/root", "/tmp"):
    for place, _, files in os.walk(folder):
        for file in files:
            if file in ("attention.py", "softmax.py") and "course_utils" in place:
                text = open(os.path.join(place, file)).read()
                if "def softmax" in text:
                    exec(text, names)
ours = names["softmax"]
""",
    "what was compiled": """
import glob, marshal, os
from course_utils.reference import attention
names = {}
for path in glob.glob(os.path.dirname(attention.__file__) + "/__pycache__/attention*"):
    exec(marshal.loads(open(path, "rb").read()[16:]), names)
ours = names["softmax"]
""",
}

# The same for any exercise of any notebook, in a few lines: {module} and {name} are of our answer.
GENERIC = {
    "copies of the modules": """
import importlib.util, sys
def find(module, name):
    spec = importlib.util.find_spec(module)
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    return getattr(copy, name)
""",
    "their texts": """
import importlib, inspect
def find(module, name):
    module = importlib.import_module(module)
    names = dict(vars(module), __name__="copy")
    exec(inspect.getsource(module), names)
    return names[name]
""",
    "the guard switched off": """
import contextlib, importlib
import course_utils.checking.guard as guard, course_utils.checking.run as run
for module in (guard, run):
    module.guarded = lambda *a, **k: contextlib.nullcontext()
    module.uses_forbidden = lambda *a, **k: None
def find(module, name):
    return lambda *a, **k: getattr(importlib.import_module(module), name)(*a, **k)
""",
}

# Solutions that answer anything but an answer.
ANSWER = {
    "an object equal to all": """
class Yes:
    shape, dtype, ndim = (2, 3), "float32", 2
    def __eq__(self, other): return True
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __array_function__(self, *a, **k): return True
    def __array_ufunc__(self, *a, **k): return True
    def __array__(self, *a, **k): return self
def softmax(scores): return Yes()
""",
    "an array that lies": """
import numpy as np
class Lies(np.ndarray):
    def __array_finalize__(self, o): pass
    def __sub__(self, other): return np.zeros(other.shape)
    def astype(self, *a): return self
def softmax(scores): return np.zeros((2, 3)).view(Lies)
""",
    "the caller's frames": """
import sys
def softmax(scores):
    frame = sys._getframe()
    while frame:
        for name in ("expected", "_e", "reference"):
            found = frame.f_locals.get(name, frame.f_globals.get(name))
            if found is not None and name != "reference":
                return found
        frame = frame.f_back
""",
    "the largest shapes": "import numpy as np\ndef softmax(scores): return np.zeros((0, 2**40))",
    "very many axes": "import numpy as np\ndef softmax(scores): return np.zeros((1,) * 30)",
    "a gigabyte": "import numpy as np\ndef softmax(scores): return np.zeros(2**27)",
    "an endless sentence": "def softmax(scores): raise ValueError('x' * 10**7)",
    "an error that fails": """
class Trick(Exception):
    def __str__(self): raise SystemExit
    __repr__ = __str__
def softmax(scores): raise Trick
""",
    "floods of text": """
import sys
def softmax(scores):
    for _ in range(200):
        print("x" * 10**5); sys.stderr.write("y" * 10**5)
""",
}

# Messages to the grader, written past our own code. {{send}} writes bytes to every socket.
SEND = """
import os, stat, struct, json
def send(data):
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                os.write(number, data)
        except OSError:
            pass
def frame(header, block=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("!II", len(text), len(block)) + text + block
NUMBER = {number}
"""
LIE = {
    "noise": "send(bytes(range(256)) * 100)",
    "an endless length": "send(struct.pack('!II', 2**32 - 1, 2**32 - 1))",
    "half a message": "send(b'\\x00\\x00')",
    "no JSON": "send(frame(b'no json'))",
    "nested deeply": "send(frame(b'[' * 10**6))",
    "a list": "send(frame([1, 2]))",
    "another cell": "send(frame({'ran': 10**6, 'error': None, 'value': None}))",
    "a cell with a strange error": "send(frame({'ran': NUMBER, 'error': {'a': 1}}))",
    "a report": "send(frame({'score': 1.0, 'passed': True, 'earned': 100}))",
    "outcomes out of turn": """
send(frame({'ran': NUMBER, 'error': None, 'value': None}))
plain = {'arrays': ['weights'], 'failure': None, 'sentence': '', 'changed': [], 'printed': ''}
for count in range(1, 12):
    send(frame({'outcomes': [plain] * count}, b'\\x02\\0\\0\\0\\0\\0\\0\\0{}'))
""",
    "a pickle": """
import pickle
class Run:
    def __reduce__(self): return (exec, ("import pathlib; pathlib.Path('{marker}').touch()",))
send(frame({'ran': NUMBER, 'error': None, 'value': None}))
send(frame({'outcomes': [{}]}, pickle.dumps(Run())))
""",
    "a closed door": "import os; os.closerange(3, 64)",
    "without end": "exec('while True: send(bytes(4096))')",
}

# Harm: use up what there is, or refuse to end.
HARM = {
    "loop": "while True: pass",
    "loop that catches everything": """
while True:
    try:
        while True: pass
    except BaseException: pass
""",
    "sleep without signals": """
import signal, time
signal.signal(signal.SIGALRM, signal.SIG_IGN)
time.sleep(600)
""",
    "memory": "hoard = [bytearray(2**26) for _ in range(10**6)]",
    "memory that is touched": """
import numpy
hoard = []
while True: hoard.append(numpy.ones(2**23))
""",
    "disk": """
with open("big", "wb") as file:
    while True: file.write(bytes(2**20))
""",
    "forks": "import os\nwhile True: os.fork()",
    "output": "import os\nwhile True: os.write(1, bytes(2**20)); print('x' * 2**20)",
    "recursion": "def f(): return f()\nf()",
    "deep recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()\nf()",
    "crash": "import ctypes; ctypes.string_at(0)",
    "abort": "import os; os.abort()",
    "leave": "import os; os._exit(0)",
    "kill itself": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "quit": "raise SystemExit",
    "interrupt": "raise KeyboardInterrupt",
    "stop": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
}

# Keep what there is little of: nothing that follows in the same notebook can work.
HOARD = {
    "files": """
for number in range(10**6): open(f"{number}", "w").close()
""",
    "open files": "import os\nkeep = [os.open('/dev/null', os.O_RDONLY) for _ in range(10**5)]",
    "threads": """
import threading
threading.stack_size(2**16)
for _ in range(10**5): threading.Thread(target=threading.Event().wait, daemon=True).start()
""",
}

"""A running solution is kept within bounds, and nothing of it reaches its caller."""

import _thread
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import pytest

from course_utils.checking import stopping
from course_utils.checking.stopping import PRINTED_CHARACTERS, TimeLimit, limited, quiet

# --- time ---------------------------------------------------------------------------------------


def test_a_result_comes_through():
    assert limited(lambda: 42, 5) == 42


@pytest.mark.parametrize("error", [ValueError("v"), KeyboardInterrupt(), SystemExit(3)])
def test_an_exception_comes_through(error):
    def fail():
        raise error

    with pytest.raises(type(error)) as caught:
        limited(fail, 5)
    assert caught.value is error


def ends(seconds=10):
    """Whether all threads that limited() started are gone, after some patience."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not [
            t for t in threading.enumerate() if t.daemon and t.name.endswith(("(run)", "(stop)"))
        ]:
            return True
        time.sleep(0.01)
    return False


def busy():
    while True:
        pass


def swallowing():
    while True:
        try:
            len(())
        except:  # noqa: E722
            pass


def returning_late():
    try:
        busy()
    except BaseException:
        raise ValueError("another one") from None


@pytest.mark.parametrize("function", [busy, swallowing, returning_late])
def test_an_endless_loop_is_stopped_and_its_thread_ends(function):
    with pytest.raises(TimeLimit):
        limited(function, 0.05)
    assert ends()


def test_nobody_waits_for_a_call_that_cannot_be_stopped(monkeypatch):
    monkeypatch.setattr(stopping, "GRACE", 0.05)
    woken = threading.Event()
    with pytest.raises(TimeLimit):
        limited(lambda: woken.wait(60), 0.05)
    assert not ends(0)  # it still sleeps, in a thread that keeps nobody up
    woken.set()
    assert ends()


def test_swallowing_every_exception_does_not_help(monkeypatch):
    monkeypatch.setattr(stopping, "GRACE", 0.05)
    over = threading.Event()

    def stubborn():
        while not over.is_set():
            try:
                over.wait(60)
            except BaseException:
                pass

    with pytest.raises(TimeLimit):
        limited(stubborn, 0.05)
    over.set()
    assert ends()


@pytest.fixture
def interruptible():
    """Where a shell started the tests in the background, they ignore interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_of_the_caller_passes_and_stops_the_function():
    threading.Timer(0.2, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        limited(busy, 60)
    assert ends()


def test_calls_that_end_at_the_limit_leak_nothing():
    """In a process of its own: what leaks may come up anywhere, and at any time later."""
    program = """if True:
        import sys, time
        from course_utils.checking.stopping import TimeLimit, limited

        sys.setswitchinterval(1e-5)
        outcomes = {"done": 0, "stopped": 0}

        def work(seconds):
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                pass
            return "done"

        for number in range(3000):
            try:
                outcomes[limited(lambda: work(0.0003 + number % 200 * 1e-5), 0.0008)] += 1
            except TimeLimit:
                outcomes["stopped"] += 1
            for _ in range(50):
                int()
        time.sleep(0.3)
        print(min(outcomes.values()) > 100)
    """
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "True\n", "")


def test_the_function_sees_the_settings_of_its_caller():
    import contextvars

    setting = contextvars.ContextVar("setting", default="unset")
    setting.set("set")
    assert limited(setting.get, 5) == "set"


def test_the_usual_stack_size_is_put_back():
    usual = threading.stack_size()
    assert limited(threading.stack_size, 5) in (usual, stopping.STACK)
    assert threading.stack_size() == usual


def test_deep_recursion_raises_and_does_not_crash():
    def deep(n):
        return deep(n + 1)

    with pytest.raises(RecursionError):
        limited(lambda: deep(0), 10)


# --- what it prints -----------------------------------------------------------------------------


def everything():
    print("to stdout")
    print("to stderr", file=sys.stderr)
    os.write(1, b"to descriptor 1")
    os.write(2, b"to descriptor 2")
    os.system("echo from a child; echo and there >&2")
    warnings.warn("a warning", stacklevel=1)
    warnings.warn("a warning", stacklevel=1)
    logging.getLogger("someone").error("a log line")
    logging.warning("another log line")


def test_nothing_leaks_and_the_printed_text_is_kept(capfd):
    with quiet() as printed:
        everything()
    assert capfd.readouterr() == ("", "")
    assert printed.text == "to stdout\nto stderr\nUserWarning: a warning"


def test_nothing_leaks_from_another_thread(capfd):
    with quiet() as printed:
        limited(everything, 10)
    assert capfd.readouterr() == ("", "")
    assert "to stdout" in printed.text and "a warning" in printed.text


def test_everything_is_as_before_afterwards(capfd):
    before = sys.stdout, sys.stderr, logging.root.manager.disable, list(warnings.filters)
    with pytest.raises(ValueError), quiet():
        raise ValueError
    assert before == (sys.stdout, sys.stderr, logging.root.manager.disable, list(warnings.filters))
    print("visible")
    os.write(2, b"visible too")
    assert capfd.readouterr() == ("visible\n", "visible too")


def test_no_descriptor_is_left_open():
    def count():
        return len(os.listdir("/proc/self/fd"))

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("counts open files in /proc, which only Linux has")
    before = count()
    for _ in range(5):
        with quiet():
            print("x")
    assert count() == before


def test_a_flood_is_shortened():
    with quiet() as printed:
        for _ in range(1000):
            print("y" * 10_000)
    assert printed.text == "y" * PRINTED_CHARACTERS + " …"


def test_a_text_of_just_the_allowed_length_is_whole():
    with quiet() as printed:
        print("y" * PRINTED_CHARACTERS, end="")
    assert printed.text == "y" * PRINTED_CHARACTERS


def test_nothing_printed_is_nothing():
    with quiet() as printed:
        pass
    assert printed.text == ""

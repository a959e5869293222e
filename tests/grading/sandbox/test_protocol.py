"""What grader and student's process say to each other comes over whole, and nothing else does."""

import json
import socket
import threading
import time

import numpy as np
import pytest
from safetensors import numpy as safetensors

from course_utils.checking.exercise import Case
from course_utils.checking.run import Outcome
from course_utils.exercises import EXERCISES
from course_utils.grading.sandbox.protocol import (
    BLOCK_BYTES,
    HEADER_BYTES,
    LENGTHS,
    Channel,
    Ended,
    Malformed,
    decode_cases,
    decode_outcomes,
    encode_cases,
    encode_outcomes,
)

ATTEND = EXERCISES["attend"]
CASES = ATTEND.draw(3)[:2]


@pytest.fixture
def ends():
    first, second = socket.socketpair()
    with first, second:
        yield Channel(first), second


def equal(first, second):
    if isinstance(first, np.ndarray):
        return first.dtype == second.dtype and np.array_equal(first, second, equal_nan=True)
    return type(first) is type(second) and first == second


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_every_case_comes_over_as_it_is(exercise):
    cases = exercise.draw(5)
    plain, block = encode_cases(cases)
    came = decode_cases(json.loads(json.dumps(plain)), block)
    for case, inputs in zip(cases, came, strict=True):
        assert list(case.inputs) == list(inputs)
        assert all(equal(case.inputs[name], inputs[name]) for name in inputs)


def test_a_case_of_anything_else_is_a_mistake_of_ours():
    with pytest.raises(TypeError, match="'layer' of a case is a function"):
        encode_cases([Case("", {"layer": lambda x: x})])


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1.5, np.nan, -np.inf]], "float32"),
        np.array(3),
        np.zeros((0, 4), "int8"),
        np.arange(6).reshape(2, 3).T,
        np.ones((2, 2), bool),
        np.ones(3, "float16"),
        np.ones(3, ">f4"),
    ],
)
def test_outcomes_come_over_as_they_are(array):
    sent = [
        Outcome(arrays={"output": array, "weights": array}, printed="1\n"),
        Outcome(failure="error", sentence="Stopped.", changed=("key",)),
    ]
    header, block = encode_outcomes("attend", sent)
    came = decode_outcomes(ATTEND, CASES, json.loads(json.dumps(header)), block)
    assert all(np.array_equal(came[0].arrays[n], array, equal_nan=True) for n in came[0].arrays)
    assert came[0].arrays["output"].shape == array.shape
    assert (came[0].printed, came[1]) == ("1\n", sent[1])


def test_too_much_becomes_a_sentence():
    arrays = dict.fromkeys(["output", "weights"], np.zeros(BLOCK_BYTES // 16))
    header, block = encode_outcomes("attend", [Outcome(arrays=arrays)] * 2)
    came = decode_outcomes(ATTEND, CASES, header, block)
    assert came[0].failure == "type" and "megabytes" in came[0].sentence


def plain(**changed):
    said = {"arrays": None, "failure": "error", "sentence": "", "changed": [], "printed": ""}
    return {**said, **changed}


ARRAYS = {"arrays": ["output", "weights"], "failure": None}


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"outcomes": "two"},
        {"outcomes": [plain()]},
        {"outcomes": [plain()] * 3},
        {"outcomes": [plain(), "two"]},
        {"outcomes": [plain(failure="passed")] * 2},
        {"outcomes": [plain(failure=None)] * 2},
        {"outcomes": [plain(failure=["error"])] * 2},
        {"outcomes": [plain(sentence=None)] * 2},
        {"outcomes": [plain(sentence=["x"])] * 2},
        {"outcomes": [plain(changed="key")] * 2},
        {"outcomes": [plain(changed=["nobody"])] * 2},
        {"outcomes": [plain(changed=[["key"]])] * 2},
        {"outcomes": [plain(printed=5)] * 2},
        {"outcomes": [plain(arrays=["output"], failure=None)] * 2},
        {"outcomes": [plain(arrays={"output": 1}, failure=None)] * 2},
        {"outcomes": [plain(**ARRAYS, sentence="")] * 2},
    ],
)
def test_what_no_honest_process_says_is_refused(said):
    with pytest.raises(Malformed):
        decode_outcomes(ATTEND, CASES, said, safetensors.save({"0.output": np.zeros(3)}))


@pytest.mark.parametrize("block", [b"", b"x" * 100, b"\xff" * 8, b"\x02" + bytes(7) + b"{}x"])
def test_a_damaged_block_is_refused(block):
    with pytest.raises(Malformed):
        decode_outcomes(ATTEND, CASES, {"outcomes": [plain(**ARRAYS)] * 2}, block)


def test_texts_are_cut_and_cleaned():
    said = plain(sentence="a\x1b[2J\u202eb\n" + "x" * 10**5)
    came = decode_outcomes(ATTEND, CASES, {"outcomes": [said] * 2}, safetensors.save({}))
    assert came[0].sentence.startswith("a[2Jb\nx") and len(came[0].sentence) < 2000


# Frames.


def test_a_frame_comes_over(ends):
    channel, other = ends
    sender = threading.Thread(target=Channel(other).send, args=({"a": [1]}, b"b" * 10**6))
    sender.start()
    assert channel.receive() == ({"a": [1]}, b"b" * 10**6)
    sender.join()


@pytest.mark.parametrize("lengths", [(HEADER_BYTES + 1, 0), (2, BLOCK_BYTES + 1), (2**32 - 1,) * 2])
def test_a_long_frame_is_refused_before_it_is_read(ends, lengths):
    channel, other = ends
    other.sendall(LENGTHS.pack(*lengths))
    with pytest.raises(Malformed, match="too long"):
        channel.receive()


@pytest.mark.parametrize("header", [b"{", b"[]", b"\xff\xff", b"[" * 10**5, b"5"])
def test_a_header_that_is_no_mapping_is_refused(ends, header):
    channel, other = ends
    other.sendall(LENGTHS.pack(len(header), 0) + header)
    with pytest.raises(Malformed):
        channel.receive()


def test_an_end_in_the_middle_is_an_end(ends):
    channel, other = ends
    other.sendall(b"\0\0")
    other.close()
    with pytest.raises(Ended):
        channel.receive()


def test_nobody_waits_beyond_the_deadline(ends):
    channel, other = ends
    channel.deadline = time.monotonic() + 0.05
    other.sendall(b"\0")
    with pytest.raises(TimeoutError):
        channel.receive()

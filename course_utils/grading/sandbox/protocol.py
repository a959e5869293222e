"""What the grader and a student's process say to each other: frames, cases, outcomes.

A frame is two lengths, a JSON header and a block of arrays as safetensors; nothing is ever
unpickled. All that comes from a student's process is taken for hostile: lengths are checked before
anything is read, and names, kinds, counts and texts before anything is believed.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import time
import unicodedata
from collections.abc import Mapping

import numpy as np
from safetensors import numpy as safetensors

from course_utils.checking.run import Outcome

LENGTHS = struct.Struct("!II")
HEADER_BYTES, BLOCK_BYTES = 2**20, 2**24
SENTENCE_CHARACTERS, PRINTED_CHARACTERS = 1200, 2100

# Why an outcome has no arrays. Other failures are for the grader alone to say.
FAILURES = {
    "arguments",
    "error",
    "forbidden",
    "missing",
    "none",
    "shape",
    "time",
    "type",
    "unfit",
    "unsolved",
}

TOO_LARGE = "Your {name} returned {size:.0f} megabytes in all, which is too much to look at."


class Malformed(Exception):
    """A student's process sent something that no honest one sends."""


class Ended(Exception):
    """The other side is gone."""


class Channel:
    """Frames over a socket. deadline: the moment (time.monotonic) after which nobody waits."""

    def __init__(self, end: socket.socket):
        self.socket = end
        self.deadline = math.inf

    def send(self, header: dict, block: bytes = b"") -> None:
        text = json.dumps(header).encode()
        self.wait_no_longer()
        try:
            self.socket.sendall(LENGTHS.pack(len(text), len(block)) + text + block)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Ended from error

    def receive(self) -> tuple[dict, bytes]:
        header_length, block_length = LENGTHS.unpack(self.read(LENGTHS.size))
        if header_length > HEADER_BYTES or block_length > BLOCK_BYTES:
            raise Malformed("a message that is too long")
        text, block = self.read(header_length), self.read(block_length)
        try:
            header = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Malformed("a header that is no JSON") from error
        return mapping(header), block

    def read(self, length: int) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            self.wait_no_longer()
            try:
                part = self.socket.recv(min(length - len(parts), 2**16))
            except ConnectionResetError as error:
                raise Ended from error
            if not part:
                raise Ended
            parts += part
        return bytes(parts)

    def wait_no_longer(self) -> None:
        """Let the next call on the socket end at the deadline: TimeoutError."""
        if self.deadline == math.inf:
            return
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.socket.settimeout(left)


# Cases: from the grader, which is trusted, to the student's process.


def encode_cases(cases: list) -> tuple[list, bytes]:
    """The inputs of cases as plain data and a block of arrays. What a case shows is not told."""
    arrays, plain = {}, []
    for number, case in enumerate(cases):
        plain.append({})
        for name, value in case.inputs.items():
            if isinstance(value, np.ndarray):
                arrays[f"{number}.{name}"] = native(value)
                value = {"array": f"{number}.{name}"}
            elif isinstance(value, tuple):
                value = {"tuple": list(value)}
            elif value is not None and not isinstance(value, bool | int | float | str):
                raise TypeError(f"'{name}' of a case is a {type(value).__name__}")
            plain[-1][name] = value
    return plain, safetensors.save(arrays)


def decode_cases(plain: list, block: bytes) -> list[dict]:
    arrays = safetensors.load(block)

    def value(said):
        if not isinstance(said, dict):
            return said
        return tuple(said["tuple"]) if "tuple" in said else arrays[said["array"]].copy()

    return [{name: value(said) for name, said in inputs.items()} for inputs in plain]


# Outcomes: from the student's process to the grader.


def encode_outcomes(name: str, outcomes: list[Outcome]) -> tuple[dict, bytes]:
    total = sum(a.nbytes for o in outcomes for a in (o.arrays or {}).values())
    if total > BLOCK_BYTES // 2:
        text = TOO_LARGE.format(name=name, size=total / 2**20)
        outcomes = [Outcome(failure="type", sentence=text)] * len(outcomes)
    arrays, plain = {}, []
    for number, outcome in enumerate(outcomes):
        named = outcome.arrays or {}
        arrays |= {f"{number}.{name}": native(array) for name, array in named.items()}
        plain.append(
            {
                "arrays": None if outcome.arrays is None else list(named),
                "failure": outcome.failure,
                "sentence": outcome.sentence,
                "changed": list(outcome.changed),
                "printed": outcome.printed,
                "remark": outcome.remark,
            }
        )
    return {"outcomes": plain}, safetensors.save(arrays)


def native(array: np.ndarray) -> np.ndarray:
    """An array as safetensors writes it: in C order, with this machine's bytes, at most 64 bits."""
    kind = array.dtype.newbyteorder("=")
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        kind = np.dtype("float64")
    return np.array(array, dtype=kind, order="C")


def decode_outcomes(exercise, cases: list, header: dict, block: bytes) -> list[Outcome]:
    """Read what a student's process answered, or raise Malformed."""
    said = header.get("outcomes")
    if not isinstance(said, list) or len(said) != len(cases):
        raise Malformed("a number of outcomes that is not the number of cases")
    try:
        arrays = safetensors.load(block)
    except Exception as error:  # safetensors and NumPy have many names for a damaged block
        raise Malformed("a block that is no safetensors") from error
    return [
        decode_outcome(exercise, case, mapping(plain), arrays, number)
        for number, (case, plain) in enumerate(zip(cases, said, strict=True))
    ]


def decode_outcome(exercise, case, plain: dict, arrays: Mapping, number: int) -> Outcome:
    failure, names = plain.get("failure"), plain.get("arrays")
    if (failure is None) == (names is None) or failure not in [None, *FAILURES]:
        raise Malformed("an outcome that is neither arrays nor a failure")
    found = None
    if names is not None:
        if names != list(exercise.outputs):
            raise Malformed("arrays by other names than the exercise's")
        found = {name: checked(arrays.get(f"{number}.{name}")) for name in names}
    changed = plain.get("changed")
    if not isinstance(changed, list) or not all(name in list(case.inputs) for name in changed):
        raise Malformed("changed inputs that are no inputs")
    return Outcome(
        arrays=found,
        failure=failure,
        sentence=text(plain.get("sentence"), SENTENCE_CHARACTERS),
        changed=tuple(dict.fromkeys(changed)),
        printed=text(plain.get("printed"), PRINTED_CHARACTERS),
        remark=text(plain.get("remark", ""), SENTENCE_CHARACTERS),
    )


def checked(array) -> np.ndarray:
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf" or array.ndim > 8:
        raise Malformed("an array that is missing, or of no kind an exercise asks for")
    return array


def mapping(value) -> dict:
    if not isinstance(value, dict):
        raise Malformed("plain data that is no mapping")
    return value


def text(value, most: int) -> str:
    """A text of a student's process: short, and without what could confuse a terminal."""
    if not isinstance(value, str):
        raise Malformed("a text that is no text")
    kept = (c for c in value[:most] if c in "\n\t" or unicodedata.category(c)[0] != "C")
    return "".join(kept)

"""The numbers of the system calls that a student's process is refused are the kernel's."""

import ctypes
import ctypes.util

import pytest

from course_utils.grading.sandbox.confine import CLONE, CLONE3, FCNTL, FLOCK, MACHINES, REFUSED

LIBRARY = ctypes.util.find_library("seccomp")
UNKNOWN = -1  # to this version of the library


@pytest.mark.skipif(LIBRARY is None, reason="libseccomp, the list to compare with, is not here")
@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_those_of_libseccomp(machine):
    number_of = ctypes.CDLL(LIBRARY).seccomp_syscall_resolve_name_arch
    column, architecture = MACHINES[machine]
    calls = {**REFUSED, "clone": CLONE, "clone3": (CLONE3, CLONE3)}
    calls |= {"flock": FLOCK, "fcntl": FCNTL}
    compared = 0
    for name, numbers in calls.items():
        number = number_of(ctypes.c_uint32(architecture), name.encode())
        if number != UNKNOWN:
            compared += 1
            assert (number if number >= 0 else None) == numbers[column], name
    assert compared > 30

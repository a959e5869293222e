"""Which names a cell reads and makes."""

import pytest

from course_utils.cell_names import reads_and_binds


@pytest.mark.parametrize("source", ["def f(:", "return 5", "(" * 500, "nonlocal x"])
def test_a_cell_that_is_no_python_needs_nothing(source):
    assert reads_and_binds(source) == (set(), set())


@pytest.mark.parametrize(
    ("source", "reads", "binds"),
    [
        ("from keras import ops as o, layers", set(), {"o", "layers"}),
        ("x = x + 1", {"x"}, {"x"}),
        ("for width in widths: print(width)", {"widths", "print"}, {"width"}),
        ("def f(a, b=c):\n    d = a\n    return d + e", {"c", "e"}, {"f"}),
        ("class A(B):\n    def f(self): return self.x + y", {"B", "y"}, {"A"}),
        ("table.size[0] = 1", {"table"}, {"table"}),
        ("[i for i in rows]", {"rows"}, set()),
        ("%time y = f(x)", {"get_ipython"}, set()),
        ("a, *b = c", {"c"}, {"a", "b"}),
    ],
)
def test_names(source, reads, binds):
    assert reads_and_binds(source) == (reads, binds)

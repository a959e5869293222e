"""Generated notebooks: the same bytes each time, nothing of the solution, and refusals that say
why."""

import json
import re

import nbformat
import pytest

from course_utils.authoring import build, source
from course_utils.errors import CourseError

EXERCISES = {"01_tiny": {"double": 2}}


def problems(course):
    return build.check(course, source.sources(course), EXERCISES)


def cell(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


@pytest.fixture(scope="module")
def student(built):
    return build.load(built / "notebooks/student/01_tiny.ipynb")


@pytest.fixture(scope="module")
def solution(built):
    return build.load(built / "notebooks/solutions/01_tiny.ipynb")


def test_building_twice_gives_the_same_bytes(built):
    path = built / "notebooks" / "01_tiny.py"
    stored = build.student_path(path).read_bytes()
    assert build.student(path).encode() == stored
    assert b"\r" not in stored and stored.endswith(b"}\n")


def test_everything_up_to_date_says_nothing_and_writes_nothing(built):
    before = sorted(path for path in built.rglob("*"))
    assert problems(built) == []
    assert sorted(path for path in built.rglob("*")) == before
    assert not list(built.rglob("*.db"))


def test_both_notebooks_are_valid(student, solution):
    nbformat.validate(student)
    nbformat.validate(solution)


def test_the_student_gets_the_stub_and_no_solution(student):
    text = json.dumps(student)
    assert "x + x" not in text and "twice as much" not in text and "jupytext" not in text
    stub = '    """x -> 2 x"""\n    # YOUR CODE HERE\n    raise NotImplementedError()'
    assert stub in cell(student, "double").source
    assert cell(student, "why_answer").source == "YOUR ANSWER HERE"
    assert all(not cell.outputs for cell in student.cells if cell.cell_type == "code")


def test_nbgrader_finds_its_marks(student):
    marks = cell(student, "double_check").metadata.nbgrader
    assert marks["points"] == 2 and marks["checksum"] and marks["schema_version"] == 3
    assert cell(student, "double_check").metadata.editable is False


def test_ids_come_from_position_and_grade_id(student, solution):
    expected = ["badges", "cell-1", "install", "cell-2", "cell-3", "double", "double_check"]
    expected += ["cell-6", "why_answer"]
    assert [cell.id for cell in student.cells] == expected
    assert [cell.id for cell in solution.cells] == expected


def test_the_front_cells_name_the_address_and_the_notebook(student):
    slug = "your-name/vision-transformer-course"
    assert f"github/{slug}/blob/main/notebooks/student/01_tiny.ipynb" in student.cells[0].source
    assert f"/gh/{slug}/main?urlpath=lab/tree/notebooks/student/01" in student.cells[0].source
    assert f'%pip install -q "git+https://github.com/{slug}"' in student.cells[2].source


def test_the_solution_was_run(solution):
    assert cell(solution, "double_check").outputs[0].data["text/plain"] == "2.0"
    assert cell(solution, "install").outputs == []
    assert set(solution.metadata) == {"kernelspec", "language_info"}
    assert not any("execution" in cell.metadata for cell in solution.cells)


def test_one_changed_byte_in_a_student_notebook_is_stale(course):
    path = course / "notebooks/student/01_tiny.ipynb"
    path.write_bytes(path.read_bytes().replace(b"Double it", b"Double iT"))
    (said,) = problems(course)
    assert said == (
        "notebooks/student/01_tiny.ipynb is stale (first difference: cell 3): "
        "run `uv run course build`."
    )


def test_another_way_of_writing_a_student_notebook_is_stale(course):
    path = course / "notebooks/student/01_tiny.ipynb"
    path.write_bytes(path.read_bytes() + b"\n")
    assert "written in another way" in problems(course)[0]


def test_a_changed_source_makes_both_stale(course, rewrite):
    rewrite("return x + x", "return 2 * x")
    (said,) = problems(course)  # students do not see the solution: theirs is still right
    assert said.startswith("notebooks/solutions/01_tiny.ipynb is stale")
    assert "cell 4 (double)" in said
    rewrite("x -> 2 x", "x -> two x")
    assert [said.split()[0] for said in problems(course)] == [
        "notebooks/student/01_tiny.ipynb",
        "notebooks/solutions/01_tiny.ipynb",
    ]


def test_outputs_are_not_compared(course):
    path = course / "notebooks/solutions/01_tiny.ipynb"
    path.write_bytes(re.sub(rb"3\.14159\d+", b"3.14158", path.read_bytes()))
    assert problems(course) == []


def test_orphans_missing_and_damaged_files_are_named(course):
    (course / "notebooks/student/02_gone.ipynb").write_text("{}")
    (course / "notebooks/student/01_tiny.ipynb").unlink()
    (course / "notebooks/solutions/01_tiny.ipynb").write_text("<<<<<<< HEAD")
    orphan, missing, damaged = problems(course)
    assert orphan.startswith("notebooks/student/02_gone.ipynb has no source notebooks/02_gone.py")
    assert missing.startswith("notebooks/student/01_tiny.ipynb is missing: run")
    assert damaged.startswith("notebooks/solutions/01_tiny.ipynb is not a notebook any more")


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("return x + x", "return x * x", r"01_tiny.py, double_check earns 0.0, and should earn 2"),
        ("return x + x", "return y", r"cell 5 \(double_check\) fails: NameError: name 'y' is not"),
        ("    return 2.0 * (solution(3) == 6)", "    print(2.0)", "double_check earns nothing"),
        (
            "    return 2.0",
            "    import sys\n    print(1, file=sys.stderr)\n    return 2.0",
            "double_check writes to stderr",
        ),
        ("math.pi", "'x' * 3_000_000", r"notebooks/solutions/01_tiny.ipynb would have 3.0 MB"),
        ('"points": 2', '"points": 1', "gives 1 points, its exercise 2"),
        ("    ### END SOLUTION\n", "", "needs one region ### BEGIN SOLUTION"),
    ],
)
def test_a_bad_solution_is_refused_and_nothing_is_written(course, rewrite, old, new, said):
    files = {path: path.read_bytes() for path in course.rglob("*.ipynb")}
    path = rewrite(old, new)
    with pytest.raises(CourseError, match=said):
        build.build(path, EXERCISES["01_tiny"])
    assert {path: path.read_bytes() for path in course.rglob("*.ipynb")} == files


def test_what_nbgrader_refuses_is_said_in_one_sentence(rewrite):
    path = rewrite("    return 2.0", "    ### BEGIN SOLUTION\n    return 2.0")
    with pytest.raises(CourseError, match="nbgrader cannot release 01_tiny: RuntimeError: no end"):
        build.student(path)


def test_an_unknown_notebook_is_named_with_the_known_ones(built):
    assert [path.stem for path in source.choose(built, ["notebooks/01_tiny.py"])] == ["01_tiny"]
    with pytest.raises(CourseError, match="no notebook '02_more'. There are: 01_tiny."):
        source.choose(built, ["02_more"])

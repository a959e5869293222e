"""Run a solution notebook in a fresh kernel of this Python, and hold it to its own checks."""

import os
import re
import tempfile

import nbformat
from nbformat import NotebookNode

from course_utils.authoring import source
from course_utils.errors import CourseError

SECONDS_PER_CELL = 600

# Names a model that lives in a kernel: without the kernel it shows nothing, and it changes with
# every run. The text beside it stays.
WIDGET = "application/vnd.jupyter.widget-view+json"


def execute(notebook: NotebookNode, name: str) -> None:
    """Run a notebook in place. A cell that fails or a check below full points is a CourseError."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=SECONDS_PER_CELL,
            kernel_manager_class=kernel_of_this_python(),
            resources={"metadata": {"path": folder}},
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
            coalesce_streams=True,
            record_timing=False,
            store_widget_state=False,
        )
        # The author's own IPython start-up files must not decide what the course shows.
        env = {**os.environ, "IPYTHONDIR": os.path.join(folder, ".ipython")}
        try:
            client.execute(env={**env, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONHASHSEED": "0"})
        except CellExecutionError as error:
            raise CourseError(failed(notebook, name, f"{error.ename}: {error.evalue}")) from None
        except CellTimeoutError:
            limit = f"it ran for more than {SECONDS_PER_CELL} s"
            raise CourseError(failed(notebook, name, limit)) from None
        except DeadKernelError:
            raise CourseError(failed(notebook, name, "the kernel died")) from None
    tidy(notebook)
    lost = [sentence for cell in notebook.cells for sentence in lost_points(cell)]
    if lost:
        raise CourseError("\n".join(f"{name}, {sentence}" for sentence in lost))


def kernel_of_this_python():
    """Make a kernel manager that ignores installed kernels: they may belong to another Python."""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from traitlets import default

    class ThisPython(AsyncKernelManager):
        @default("kernel_spec_manager")
        def only_the_native_kernel(self):
            return KernelSpecManager(kernel_dirs=[])

    return ThisPython


def failed(notebook: NotebookNode, name: str, reason: str) -> str:
    """Say which cell stopped the notebook: the last one that was started."""
    started = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and (cell.execution_count or cell.outputs)
    ]
    if not started:
        return f"{name} did not start: {reason}."
    where = source.place(notebook.cells, started[-1])
    return f"{name}, {where} fails: {reason}\n{started[-1].source}"


def tidy(notebook: NotebookNode) -> None:
    """Drop what changes with every run and means nothing to a reader."""
    notebook.metadata = nbformat.from_dict(source.NOTEBOOK_METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
            output.get("metadata", {}).pop(WIDGET, None)


def lost_points(cell: NotebookNode) -> list[str]:
    """Say what a check cell shows instead of its full points, as nbgrader will read it."""
    if not source.is_check(cell):
        return []
    points = source.marks(cell)["points"]
    if any(output.get("name") == "stderr" for output in cell.outputs):
        return [f"{cell.id} writes to stderr, which nbgrader takes for a failure."]
    shown = [output.data.get("text/plain", "") for output in cell.outputs if is_result(output)]
    if len(shown) == 1 and re.fullmatch(r"[\d.]+", shown[0]) and float(shown[0]) == points:
        return []
    return [f"{cell.id} earns {shown[0] if shown else 'nothing'}, and should earn {points}."]


def is_result(output: NotebookNode) -> bool:
    return output.output_type == "execute_result"

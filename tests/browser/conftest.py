"""A real JupyterLab, a real Chromium, and nothing that either could load from outside."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

HERE = Path(__file__).parent
SCREENSHOTS = HERE / "screenshots"
NOTEBOOK = HERE.parents[1] / "notebooks" / "student" / "01_attention.ipynb"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",  # Chromium refuses to start as root with it, as it must in containers
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    # bertviz's frame is sandboxed. In a process of its own it would slip past `answer` below.
    "--disable-features=IsolateSandboxedIframes",
)
# What bertviz asks for, and the npm file that answers. jQuery 2.0.0 itself is not on npm.
SCRIPTS = {
    "/ajax/libs/require.js/2.3.6/require.min.js": "requirejs/require.js",
    "/ajax/libs/d3/5.7.0/d3.min.js": "d3/dist/d3.min.js",
    "/ajax/libs/jquery/2.0.0/jquery.min.js": "jquery/dist/jquery.min.js",
}


@pytest.fixture(scope="session")
def chromium() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.skip(f"no Chromium: none of {', '.join(BROWSERS)} is installed")
    return found


@pytest.fixture(scope="session")
def scripts(request) -> dict[str, bytes]:
    """The scripts that bertviz loads, installed once from npm into pytest's cache."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        pytest.skip("no Node: node and npm are needed to serve the scripts that bertviz loads")
    folder = request.config.cache.mkdir("browser-scripts")
    modules = folder / "node_modules"
    if not all((modules / file).is_file() for file in SCRIPTS.values()):
        shutil.copy(HERE / "package.json", folder)
        quiet = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
        quiet += ["--fetch-retries=1"]  # without a network, say so soon
        ran = subprocess.run(
            [npm, "install", *quiet], cwd=folder, capture_output=True, text=True, timeout=120
        )
        if ran.returncode:
            pytest.skip(f"npm could not install the packages of package.json: {ran.stderr[-300:]}")
    return {path: (modules / file).read_bytes() for path, file in SCRIPTS.items()}


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A JupyterLab server with a working copy of notebook 01; gives its address and token."""
    pytest.importorskip("jupyterlab", reason="no JupyterLab")
    home, work = tmp_path_factory.mktemp("jupyter"), tmp_path_factory.mktemp("work")
    shutil.copy(NOTEBOOK, work)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, log = secrets.token_hex(16), home / "server.log"
    # Folders of its own, so that no setting of whoever runs the test takes part in it.
    own = {f"JUPYTER_{name}_DIR": str(home / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings")}
    own |= {"JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"), "IPYTHONDIR": str(home / "ipy")}
    notices = home / "settings" / "@jupyterlab" / "apputils-extension"
    notices.mkdir(parents=True)
    (notices / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ServerApp.port_retries=0", f"--ServerApp.port={port}"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={work}"]
    with log.open("w") as output:
        server = subprocess.Popen(command, env=os.environ | own, stdout=output, stderr=output)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/api?token={token}", server, log)
            yield SimpleNamespace(address=address, token=token)
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_for(url: str, server: subprocess.Popen, log: Path, seconds: float = 60) -> None:
    """Wait until a server answers; the browser is not there yet, so sleeping holds up nobody."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def page(chromium, scripts):
    """A browser page that reaches this server and bertviz's scripts, and nothing else."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright")
    refused = []

    def answer(route):
        place = urlsplit(route.request.url)
        if place.hostname == "127.0.0.1" or place.scheme in ("data", "blob"):
            route.continue_()
        elif place.hostname == "cdnjs.cloudflare.com" and place.path in scripts:
            route.fulfill(body=scripts[place.path], content_type="text/javascript")
        else:
            refused.append((route.request.resource_type, route.request.url))
            route.abort()

    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        context = browser.new_context(viewport={"width": 1200, "height": 1000})
        context.route("**/*", answer)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.refused = refused
        yield page
        browser.close()


@pytest.fixture(scope="module")
def notebook(page, lab):
    """Notebook 01, unsolved, after Run All; gives its cells, which know where they are."""
    source = json.loads(NOTEBOOK.read_text())
    page.goto(f"{lab.address}/lab/tree/{NOTEBOOK.name}?reset&token={lab.token}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.get_by_text("| Idle").wait_for()  # before its kernel is there, Run asks which one to use
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    count = sum(cell["cell_type"] == "code" for cell in source["cells"])
    page.wait_for_function(
        """count => {
            const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
            const says = mark => prompt => mark.test(prompt.textContent);
            return prompts.length === count && prompts.some(says(/[0-9]/))
                && !prompts.some(says(/[*]/));
        }""",
        arg=count,
        timeout=120_000,
    )
    return Notebook(page, source["cells"])


class Notebook:
    """The cells of the open notebook, found by what they hold."""

    def __init__(self, page, cells: list[dict]):
        self.page, self.cells = page, cells

    def graded(self, name: str):
        """The cell with this nbgrader id, scrolled into view."""
        return self.where(lambda cell: cell["metadata"].get("nbgrader", {}).get("grade_id") == name)

    def with_source(self, text: str):
        """The code cell that contains this text, scrolled into view."""
        return self.where(lambda c: c["cell_type"] == "code" and text in "".join(c["source"]))

    def where(self, is_it):
        (index,) = [index for index, cell in enumerate(self.cells) if is_it(cell)]
        cell = self.page.locator(f'.jp-Cell[data-windowed-list-index="{index}"]')
        cell.scroll_into_view_if_needed()
        return cell

    def shoot(self, cell, name: str) -> None:
        """Save a picture of a cell for people to look at."""
        SCREENSHOTS.mkdir(exist_ok=True)
        cell.screenshot(path=SCREENSHOTS / f"{name}.png")

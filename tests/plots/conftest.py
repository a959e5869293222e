import matplotlib
import matplotlib.pyplot as plt
import pytest

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed_figures():
    """Give every test a clean slate, and the next one too."""
    plt.close("all")
    yield
    plt.close("all")

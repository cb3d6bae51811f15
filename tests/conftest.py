"""Golden files: a test's output is compared with a file, which `pytest --regenerate` rewrites."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("any machine", deadline=None)  # a busy machine is slow, and that is no failure
settings.load_profile("any machine")


def pytest_addoption(parser):
    parser.addoption("--regenerate", action="store_true", help="write the goldens anew")


@pytest.fixture
def golden(request):
    """Return a function that compares text with `goldens/NAME` beside the test."""

    def check(name, text):
        path = Path(request.path).parent / "goldens" / name
        if request.config.getoption("--regenerate"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return check


@pytest.fixture(scope="session", autouse=True)
def _compiled(tmp_path_factory):
    """Let child processes cache compiled modules, even if Python is told not to: each would compile all."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        os.environ["PYTHONPYCACHEPREFIX"] = str(tmp_path_factory.mktemp("compiled"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give each process a half of the suite, in order, and to the one that ends first a part of what is left.

    So the tests of a file share what it makes once; dealt out a few at a time, every process would make it.
    """
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)


def pytest_collection_finish():
    """Exclude the test items from later garbage collections: there are thousands, and they stay alive."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)  # and collect less often: reference counting frees most of what the tests make

"""What every test may use: real material where it is there, and ``--update-docs``."""

from __future__ import annotations

import os
from pathlib import Path

import images
import pytest
from hypothesis import settings

# A busy machine is no reason to fail. What lands is judged by the same examples each time; elsewhere they are random.
settings.register_profile("dumpwalk", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("dumpwalk")

ROOT = Path(__file__).parents[1]
# Real dumps, logs and type files are third parties' and not in the repository.
SHARED = Path(os.environ.get("DUMPWALK_SHARED", ROOT.parent / "shared"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-docs", action="store_true", help="rewrite the console blocks of the documentation")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"real_dumps", "real_data"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("real")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    out = [r for r in terminalreporter.stats.get("skipped", []) if "no real material" in str(r.longrepr)]
    if out:
        terminalreporter.write_line(f"{len(out)} tests on real dumps were left out: no real material here")


@pytest.fixture(scope="session", autouse=True)
def _images(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give the machines of specs a place, which the processes of a parallel run share."""
    base = tmp_path_factory.getbasetemp()
    images.DIRECTORY = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "images"
    images.DIRECTORY.mkdir(exist_ok=True)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The directory of real dumps, logs and type files; the test is left out where there is none."""
    if not (SHARED / "data").is_dir():
        pytest.skip("no real material here (DUMPWALK_SHARED names its directory)")
    return SHARED / "data"


@pytest.fixture(scope="session")
def real_dumps(real_data: Path) -> Path:
    """The directory of real dumps."""
    return real_data / "dumps"

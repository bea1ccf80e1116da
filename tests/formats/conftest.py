"""What the tests of the formats share: opening bytes as if they were a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dumpwalk.formats import Dump, open_dump


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[bytes], Dump]:
    """A function that writes its argument to a file and opens that."""

    def open_(data: bytes) -> Dump:
        # A file of its own each time: Windows does not let a mapped one be written.
        path = tmp_path / f"test{len(list(tmp_path.iterdir()))}.dmp"
        path.write_bytes(data)
        return open_dump(str(path))

    return open_

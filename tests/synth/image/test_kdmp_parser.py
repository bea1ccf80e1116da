"""kdmp-parser follows the page tables that are written, small and large pages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.peer

SAMPLES = Path(__file__).parents[3] / "samples"
# In a process of its own: it writes to stdout as it likes.
PROGRAM = """
import json, sys
import kdmp_parser
dump = kdmp_parser.KernelDumpParser(sys.argv[1])
page = lambda a: dump.read_virtual_page(a & -0x1000)
texts = [bytes(page(a) or b"")[a & 0xFFF:][:24].hex() for a in json.loads(sys.argv[2])]
print("\\n@@" + json.dumps([dump.directory_table_base, texts]))
"""


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (
            "paging_x64",
            {
                0xFFFFA00040000010: b"in a page of 1 GB",
                0xFFFFA00080200010: b"in a page of 2 MB",
                0xFFFFA00090000000: b"in a page of 4 KB",
                0x7FF610001000: b"in the lower half",
            },
        ),
        (
            "apc_index_mismatch_full",
            {0xFFFFF8004E000000: b"MZ", 0xFFFFC6816B407B80 + 0x168: b"\xb4\x61\x44\xb4\xfe\x7f"},
        ),
        # Of a bitmap whose length is no multiple of 8 it overlooks the last pages: these are among the first.
        ("file_mapping_x64", {0xFFFFF8047BA00000: b"MZ"}),
        ("hung_driver", {0xFFFFF8047B910000: b"MZ"}),
    ],
)
def test_it_reads_what_the_spec_states(sample: str, expected: dict[int, bytes]):
    pytest.importorskip("kdmp_parser")
    command = [sys.executable, "-c", PROGRAM, str(SAMPLES / f"{sample}.dmp"), json.dumps(list(expected))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    root, texts = json.loads(done.stdout.rpartition("@@")[2])

    assert root == 0x1AA000
    assert [bytes.fromhex(t)[: len(e)] for t, e in zip(texts, expected.values())] == list(expected.values())

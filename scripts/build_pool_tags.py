"""Write ``dumpwalk/kernel/pool_tags.txt`` from a file of facts (``pool_tags.json``).

    python scripts/build_pool_tags.py FACTS

The facts are which driver or part of the kernel uses which tag, and what for in words of our own; the texts of the
lists that Microsoft ships with the debuggers are not among them. Tags of which neither is known are left out. The
output is committed and is the same each time.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

OUTPUT = Path(__file__).parents[1] / "dumpwalk" / "kernel" / "pool_tags.txt"
HEAD = """\
# Pool tags. Written by scripts/build_pool_tags.py; change that, not this. "?" in a tag, and "*" at its end, stand for
# anything.
# Under [binaries] a line is who uses them, a tab, and the tags, four characters each; under [descriptions] a tag, a
# tab, and what for.
"""


def main(facts: Path) -> None:
    known = json.loads(facts.read_text("utf-8"))
    users: dict[str, list[str]] = {}
    for tag, binaries in known["tags"].items():
        binaries = [name.strip("<>") for name in binaries if name not in ("<multiple>", "<unknown>")]
        if binaries:
            users.setdefault(" or ".join(binaries), []).append(tag)
    lines = [HEAD, "[binaries]\n"]
    lines += [f"{user}\t{''.join(sorted(tags))}\n" for user, tags in sorted(users.items())]
    lines += ["[descriptions]\n"]
    lines += [f"{tag}\t{text}\n" for tag, text in sorted(known["own_words"].items())]
    text = "".join(lines)
    if any(len(tag) != 4 or "\t" in tag for tag in [*known["tags"], *known["own_words"]]) or not text.isascii():
        raise SystemExit("a tag has four characters, and everything is ASCII")
    OUTPUT.write_text(text, "ascii", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

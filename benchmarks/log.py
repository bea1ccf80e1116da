"""Promise: a mixed log is read at 80,000 lines/s, in at most 8x one bare regular expression, and in linear time.

Linear in the lines, and in their length: a line of the longest length that is looked into holds no reader up.
"""

from __future__ import annotations

import gc
import random
import re
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator

from _timing import arguments, environment, rounds

from dumpwalk.transcript import KINDS, blocks, parse
from dumpwalk.transcript.lines import LONGEST

LINES = 100_000
WANTED = 80_000
RATIO = 8
# A line of a log of 1,000,000 may take so many times what one of 1,000 does.
GROWTH = 1.5
# What tempts an expression to try each way to part a run of the same: the worst line of each reader, in seconds.
PIECES = (
    *(" ", "\t", "0", "a", "9 ", "0: ", "(x) ", "=== ", "ReadOnly ", "Aaa,", " Aaaa", "AAAAAA_", "Object: ", "{0x1, "),
    *("0123456789abcdef ", "contains 0123456789ABCDEF ", "pfn 1ab ---DA--KWEV ", "ffff8b034f13e080-01<*> ", "Frame : "),
)
LONG_LINE = 0.1
# What somebody would write to take frames, memory and structures out of a log: number, addresses, the rest.
BARE = re.compile(r"[ ]*(?:([0-9a-f]{2,3})[ ]+)?((?:[0-9a-f]{8}`?[0-9a-f]{0,8}[ :-]+)*)(.*?)[ ]*$")

FRAMES = (
    "nt!KiSwapContext nt!KiSwapThread nt!KiCommitThreadWait nt!KeWaitForSingleObject nt!IopSynchronousServiceTail "
    "nt!NtReadFile nt!KiSystemServiceCopyEnd Ntfs!NtfsFsdRead FLTMGR!FltpDispatch nt!IofCallDriver "
    "nt!MmAccessFault nt!KiPageFault nt!CcCopyRead nt!ExpWorkerThread nt!PspSystemThreadStartup"
).split()
REGISTERS = """\
rax=0000000000000052 rbx=0000000000000000 rcx=0000000000000000
rdx=0000000000000000 rsi=0000000000000000 rdi=0000008171b2f538
rip=00007ff7c2929e47 rsp=0000008171b2f460 rbp=0000008171b2f490
 r8=7efefefefefefeff  r9=4ccccccccbffaeaa r10=00000242e2571ac0
r11=8101010101010100 r12=0000000000000000 r13=0000000000000000
r14=0000000000000000 r15=0000000000000000
iopl=0         nv up ei pl zr na po nc
cs=0033  ss=002b  ds=002b  es=002b  fs=0053  gs=002b             efl=00010246
Application!hDoRemaining+0xf7:
00007ff7`c2929e47 48f7f1          div     rax,rcx""".split("\n")
PROSE = "The driver was loaded, and then something happened to the machine, which is why we look at it here."


def sites(chance: random.Random) -> list[list[str]]:
    """Return call stacks of some hundred threads: a machine has many threads at few places."""
    drivers = [f"drv{n}!Function{n * 7}" for n in range(120)]
    return [
        [f"{chance.choice(FRAMES + drivers)}+0x{chance.randrange(0x400):x}" for _ in range(chance.randrange(8, 24))]
        for _ in range(300)
    ]


def log(lines: int) -> str:
    """Return a log of so many lines: stacks of both widths, structures, memory, registers and prose."""
    chance = random.Random(1)
    stacks = sites(chance)

    def wide() -> str:
        return f"{0xFFFFF800 + chance.randrange(64):08x}`{chance.getrandbits(32):08x}"

    def narrow() -> str:
        return f"{chance.getrandbits(32):08x}"

    def kv() -> Iterator[str]:
        yield "0: kd> kv"
        yield " # Child-SP          RetAddr               : Args to Child                        : Call Site"
        for n, site in enumerate(chance.choice(stacks)):
            yield f"{n:02x} {wide()} {wide()}     : {wide()} {wide()} {wide()} {wide()} : {site}"

    def k() -> Iterator[str]:
        yield from ("0: kd> k", "ChildEBP RetAddr  ")
        for site in chance.choice(stacks):
            yield f"{narrow()} {narrow()} {site} (FPO: [Non-Fpo])"

    def dt() -> Iterator[str]:
        yield f"0: kd> dt nt!_FILE_OBJECT {narrow()}"
        for n in range(0, 0x90, 8):
            yield f"   +0x{n:03x} DeviceObject     : 0x{narrow()} _DEVICE_OBJECT"
            yield f"   +0x{n + 4:03x} FinalStatus      : 0n{n}"

    def dq() -> Iterator[str]:
        yield f"0: kd> dq {wide()}"
        for _ in range(20):
            yield f"{wide()}  {wide()} {wide()}"

    def db() -> Iterator[str]:
        yield f"0: kd> db {wide()}"
        for _ in range(8):
            half = [" ".join(f"{chance.getrandbits(8):02x}" for _ in range(8)) for _ in range(2)]
            yield f"{wide()}  {half[0]}-{half[1]}  ................"

    def r() -> Iterator[str]:
        yield from ("0: kd> r", *REGISTERS)

    def prose() -> Iterator[str]:
        yield from ("", *[PROSE] * 6, "")

    out: list[str] = []
    while len(out) < lines:
        out += chance.choice((kv, k, dt, dq, db, r, prose))()
    return "\n".join(out[:lines]) + "\n"


def bare(text: str) -> int:
    """Match every line with one expression, and take its groups."""
    match = BARE.match
    found = 0
    for line in text.split("\n"):
        hit = match(line)
        if hit is not None and hit.groups()[1]:
            found += 1
    return found


def took(function: Callable[[], object]) -> float:
    """Return the processor seconds that *function* takes: a shared machine gives nobody the whole of one."""
    gc.collect()
    start = time.process_time()
    function()
    return time.process_time() - start


def main() -> None:
    """Measure, and print."""
    options = arguments(__doc__ or "").parse_args()
    count = 3 if options.quick else min(rounds(options), 9)
    print(environment())
    gc.set_threshold(1_000_000, 50, 50)  # as the program does
    text = log(LINES)
    parse(text[:100_000])
    ours, theirs = [], []
    for _ in range(count):
        ours.append(took(lambda: parse(text)))
        theirs.append(took(lambda: bare(text)))
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    speed = LINES / statistics.median(ours)
    print(f"{LINES:,} lines of mixed blocks, {len(text) / 1e6:.1f} MB, processor time")
    print(f"dumpwalk.transcript.parse {statistics.median(ours):6.2f} s  {speed:9,.0f} lines/s{kept(speed >= WANTED)}")
    print(f"one regular expression    {statistics.median(theirs):6.2f} s  {ratio:8.1f}x{kept(ratio <= RATIO)}")
    growth(100_000 if options.quick else 1_000_000)
    seconds, kind = max((slowest(name), name) for name in KINDS.load())
    print(f"the slowest line of {LONGEST:,} characters: {seconds * 1e3:.1f} ms ({kind}){kept(seconds <= LONG_LINE)}")
    stream = text.split("\n")
    for times in (1, 2) if options.quick else (1, 4):
        tracemalloc.start()
        for _ in blocks(line for _ in range(times) for line in stream):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"blocks() of {LINES * times:,} lines: {peak / 1e6:.1f} MB at most")


def growth(most: int) -> None:
    """Print what a line takes in logs of 1,000 lines and of *most*, and how much more that is."""
    each = []
    for lines in (1_000, most):
        whole = log(lines)
        seconds = min(took(lambda whole=whole: parse(whole)) for _ in range(5 if lines < most else 1))  # type: ignore[misc]
        each.append(seconds / lines)
        print(f"{lines:>9,} lines {seconds:8.3f} s {lines / seconds:9,.0f} lines/s")
    ratio = each[1] / each[0]
    print(f"a line of the long log takes {ratio:.2f}x one of the short{kept(ratio <= GROWTH)}")


def slowest(kind: str) -> float:
    """Return the processor seconds that the reader of *kind* takes at most for one long line of repetitions."""
    worst = 0.0
    for piece in PIECES:
        for line in (piece * (LONGEST // len(piece) - 1) + "!", "Lock 1 " + piece * (LONGEST // len(piece) - 8) + "?"):
            reader = KINDS.load()[kind].reader("!command")
            reader.take(line, 1)
            start = time.process_time()
            reader.take(line, 2)
            worst = max(worst, time.process_time() - start)
    return worst


def kept(yes: bool) -> str:
    """Say whether the promise was kept."""
    return "  kept" if yes else "  NOT KEPT"


if __name__ == "__main__":
    main()

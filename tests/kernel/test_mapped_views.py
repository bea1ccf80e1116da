"""Views of a section: VADs, system views, and lists that can't be followed."""

from __future__ import annotations

import pytest
from stated import Stated

from dumpwalk.kernel.mapped_views import MappedView, mapped_views
from dumpwalk.kernel.section import control_area
from dumpwalk.remarks import Absent
from dumpwalk.render.mapped_views import listing

AREA, VAD, PROCESS = 0x86300000, 0x86310000, 0x86320000


def world(name: str) -> Stated:
    """Return a control area with one view, of a process."""
    made = Stated(name)
    end = made.put("_CONTROL_AREA", AREA, {"u.Flags.File": 1, "NumberOfMappedViews": 1})
    made.put("_SUBSECTION", end, ControlArea=AREA)
    made.write(end + 0x20, bytes(0x40))
    links, start, finish = link(made), path(made, "StartingVpn"), path(made, "EndingVpn")
    made.put("_MMVAD", VAD, {"Subsection": end, "VadsProcess": PROCESS | 1, start: 0x400, finish: 0x40F})
    made.put("_EPROCESS", PROCESS, {"UniqueProcessId": 0x344})
    offset, _, _ = made.place("_EPROCESS", "ImageFileName")
    made.write(PROCESS + offset, b"a.exe\0")
    head = head_of(made)
    join(made, head, VAD + links)
    join(made, VAD + links, head)
    return made


def path(made: Stated, name: str) -> str:
    fields = [field.name for field in made.types.find("_MMVAD").fields]
    return f"Core.{name}" if "Core" in fields else name


def link(made: Stated) -> int:
    return made.place("_MMVAD", "ViewLinks")[0]


def head_of(made: Stated) -> int:
    names = [field.name for field in made.types.find("_CONTROL_AREA").fields]
    return AREA + made.place("_CONTROL_AREA", "ViewList" if "ViewList" in names else "ListHead")[0]


def join(made: Stated, first: int, second: int) -> None:
    made.write(first, second.to_bytes(4, "little"))
    made.write(second + 4, first.to_bytes(4, "little"))


def views(made: Stated) -> tuple[tuple[MappedView, ...], str]:
    target = made.target()
    found, problems = mapped_views(target, control_area(target, AREA))
    return found, " ".join(map(str, problems))


@pytest.mark.parametrize(
    "name", ["nt/win7sp1-x86", "win7-x86-pae", "nt/win8-x86", "nt/win81u1-x86", "nt/win10-19041-x86"]
)
def test_a_view_of_a_process(name: str) -> None:
    (view,), problems = views(world(name))

    assert (view.kind, view.address, view.start, view.end) == ("VAD", VAD, 0x400000, 0x40FFFF)
    assert (view.process, view.image, view.pid, problems) == (PROCESS, "a.exe", 0x344, "")
    assert "00400000-0040ffff  VAD 86310000  process 86320000 (a.exe, 344)" in listing((view,))


@pytest.mark.parametrize(("name", "member"), [("nt/win7sp1-x86", "ControlArea"), ("nt/win8-x86", "u1.ControlArea")])
def test_a_view_of_the_system(name: str, member: str) -> None:
    made = world(name)
    at = 0x86330000
    made.put("_MMVIEW", at, {"Entry": 0x90000010, member: AREA | 1 if "u1" in member else AREA})
    links = made.place("_MMVIEW", "ViewLinks")[0]
    join(made, head_of(made), at + links)
    join(made, at + links, head_of(made))

    (view,), problems = views(made)

    assert (view.kind, view.address, view.entry, problems) == ("system", at, 0x90000010, "")
    assert "system view 86330000  Entry 90000010" in listing((view,))


def test_a_link_of_something_else() -> None:
    made = world("nt/win10-19041-x86")
    made.set("_MMVAD", VAD, "Subsection", 0x12345678)

    (view,), _ = views(made)

    assert view.kind == "unknown"
    assert "neither a VAD nor a system view" in listing((view,))


@pytest.mark.parametrize(
    ("to", "said"), [(VAD, "itself"), (0x12345678, "can't be read"), (0, "is null")], ids=["loop", "wild", "null"]
)
def test_lists_that_do_not_come_back(to: int, said: str) -> None:
    made = world("nt/win10-19041-x86")
    made.write(VAD + link(made), (to + link(made) if to == VAD else to).to_bytes(4, "little"))

    found, problems = views(made)

    assert len(found) == (2 if said == "can't be read" else 1)
    assert said in problems


@pytest.mark.parametrize("name", ["nt/xpsp3-x86", "nt/2003sp2-x86", "nt/vistasp2-x86"])
def test_before_windows_7_there_is_no_list(name: str) -> None:
    made = Stated(name)
    made.put("_CONTROL_AREA", AREA)

    found, problems = views(made)

    assert found == ()
    assert "this build keeps no list of views" in problems


def test_no_view() -> None:
    """Since Windows 8 the list head is a link of Mm's own lists while nothing is mapped."""
    made = world("nt/win10-19041-x86")
    made.set("_CONTROL_AREA", AREA, "NumberOfMappedViews", 0)

    assert views(made) == ((), "")
    assert isinstance(control_area(made.target(), 0x1000).Flink, Absent)
    assert listing(()) == "Mapped views: none in the list"

"""``dumpwalk ca``: a control area and all that hangs on it, as WinDbg's ``!ca`` prints it, and more."""

from __future__ import annotations

from dumpwalk.arguments import argument, flag, number, option
from dumpwalk.commands import command
from dumpwalk.errors import UsageError
from dumpwalk.record import record
from dumpwalk.remarks import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.mapped_views import MappedView
    from dumpwalk.kernel.section import ControlArea
    from dumpwalk.kernel.section_explained import Explained
    from dumpwalk.kernel.section_extract import Extracted
    from dumpwalk.kernel.section_pages import SectionPages
    from dumpwalk.target import Target

_SEGMENT, _SUBSECTIONS, _VIEWS, _COMPACT, _KINDS = 1, 2, 4, 8, 0x70


@record
class CaAnswer:
    """A control area, and what else was asked for.

    :param flags: what the text shows, the bits of ``!ca``'s second parameter
    :param views: where it is mapped
    :param pages: its prototype PTEs
    :param list_ptes: the text shows each of them
    :param extracted: the file that was written
    :param explanation: the chain in words
    """

    area: ControlArea
    flags: int
    views: tuple[MappedView, ...] | None
    pages: SectionPages | None
    list_ptes: bool
    extracted: Extracted | None
    explanation: tuple[Explained, ...] | None
    problems: tuple[Problem, ...] = ()


def layout(answer: CaAnswer) -> str:
    """Return the control area in ``!ca``'s columns, and below what it does not have."""
    from dumpwalk.render import section, section_pages
    from dumpwalk.render.mapped_views import listing as views
    from dumpwalk.render.remarks import remark_lines

    blocks = [section.layout(answer.area, answer.flags)]
    if answer.views is not None:
        blocks.append(views(answer.views))
    if answer.pages is not None:
        blocks.append(section_pages.listing(answer.pages) if answer.list_ptes else section_pages.summary(answer.pages))
    if answer.extracted is not None:
        blocks.append(section_pages.extracted(answer.extracted))
    if answer.explanation is not None:
        blocks.append(section_pages.explanation(answer.explanation))
    remarks = remark_lines(_remarkable(answer))
    return "\n\n".join([*blocks, *(["\n".join(remarks)] if remarks else [])])


def _partial(answer: CaAnswer) -> bool:
    from dumpwalk.render.remarks import is_partial

    return is_partial(_remarkable(answer))


def _remarkable(answer: CaAnswer) -> CaAnswer:
    """Return *answer* without its prototype PTEs: they can be a million, and none of them is a remark."""
    pages = answer.pages
    if pages is None:
        return answer
    bare = pages.__replace__(subsections=())  # type: ignore[attr-defined]
    changed: CaAnswer = answer.__replace__(pages=bare)  # type: ignore[attr-defined]
    return changed


@command(
    "ca",
    argument("address", "of the control area, or of a file object with --file"),
    argument("flags", "1 segment, 2 subsections, 4 mapped views, 8 on one line; 3 where nothing is said", many="?"),
    flag("--file", help="the address is a file object's: its data, or with --image its image"),
    flag("--image", help="the image section of the file object, not the data section"),
    flag("--ptes", help="list each prototype PTE, and which pages are in memory"),
    flag("--bar", help="show which pages are in memory"),
    flag("--explain", help="tell the chain in words: who owns what, what the counts mean, deletion"),
    option("--extract", value="OUT", help="write the pages that are in the dump to the file OUT"),
    flag("--force", help="overwrite OUT if it is there"),
    text=layout,
    partial=_partial,
    needs_dump=True,
)
def ca(
    address: str | int,
    flags: str | int | None = None,
    file: bool = False,
    image: bool = False,
    ptes: bool = False,
    bar: bool = False,
    explain: bool = False,
    extract: str | None = None,
    force: bool = False,
    target: Target | None = None,
) -> CaAnswer:
    """Show a control area: segment, subsections, file, and the state of each page.

    The address may be an expression: poi(poi(8750ef80+14)). What does not agree with
    itself (back pointers, counts, prototype PTEs of other subsections) is said below.
    """
    from dumpwalk.kernel.names import resolve
    from dumpwalk.kernel.section import control_area

    if target is None:
        raise UsageError("a control area needs a dump: -z FILE")
    wanted = _SEGMENT | _SUBSECTIONS
    if flags is not None:
        try:
            wanted = flags if isinstance(flags, int) else number(flags)
        except ValueError as error:
            raise UsageError(f"flags: {error}") from None
        if wanted & _KINDS and not wanted & ~_KINDS:
            wanted |= _SEGMENT | _SUBSECTIONS
    if force and extract is None:
        raise UsageError("--force goes with --extract OUT")
    at = resolve(target, address)
    if file or image:
        at = target.address(_of_file(target, at, "ImageSectionObject" if image else "DataSectionObject"))
    area = control_area(target, at)
    pages = views = written = told = None
    if wanted & _VIEWS:
        from dumpwalk.kernel.mapped_views import mapped_views

        views, problems = mapped_views(target, area)
    else:
        problems = ()
    if ptes or bar or explain:
        from dumpwalk.kernel.section_pages import section_pages

        pages = section_pages(target, area, each=ptes)
    if extract is not None:
        from dumpwalk.kernel.section_extract import extract as write

        written = write(target, area, extract, force=force)
    if explain:
        from dumpwalk.kernel.section_explained import explained

        told = explained(area, pages)
    return CaAnswer(area, wanted, views, pages, ptes, written, told, problems)


def _of_file(target: Target, address: int, member: str) -> int:
    """Return the control area to which the file object at *address* leads by *member*."""
    from dumpwalk.kernel.file_object import file_object
    from dumpwalk.remarks import Absent

    found = file_object(target, address)
    if found.sections is None:
        why = found.SectionObjectPointer.reason if isinstance(found.SectionObjectPointer, Absent) else "it is null"
        raise UsageError(f"the file object at {found.address} has no section object pointers: {why}")
    area = getattr(found.sections, member)
    if isinstance(area, Absent):
        raise UsageError(f"{member} of the file object at {found.address} can't be read: {area.reason}")
    if not area:
        other = "DataSectionObject" if member == "ImageSectionObject" else "ImageSectionObject"
        what = f"the file object at {found.address} has no {member}: the file is not mapped so"
        raise UsageError(f"{what}; its {other} is {getattr(found.sections, other)}")
    return int(area)

"""``dumpwalk ca``: a control area and all that hangs on it, as WinDbg's ``!ca`` prints it, and more."""

from __future__ import annotations

from dumpwalk.arguments import argument, flag, number, option
from dumpwalk.commands import command
from dumpwalk.errors import FormatError, UsageError
from dumpwalk.record import record, replace
from dumpwalk.remarks import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dumpwalk.kernel.mapped_views import MappedView
    from dumpwalk.kernel.section import ControlArea
    from dumpwalk.kernel.section_explained import Explained
    from dumpwalk.kernel.section_extract import Extracted
    from dumpwalk.kernel.section_pages import SectionPages
    from dumpwalk.target import Target

_SEGMENT, _SUBSECTIONS, _VIEWS, _COMPACT, _KINDS = 1, 2, 4, 8, 0x70
_KIND_BITS = {0x10: "data", 0x20: "page file", 0x40: "image"}


@record
class CaAnswer:
    """Control areas, and what else was asked for.

    :param areas: one, or for the addresses 0 and -1 all that were asked for
    :param flags: what the text shows, the bits of ``!ca``'s second parameter
    :param views: where it is mapped
    :param pages: its prototype PTEs
    :param list_ptes: the text shows each of them
    :param extracted: the file that was written
    :param explanation: the chain in words
    """

    areas: tuple[ControlArea, ...]
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

    texts = [section.layout(area, answer.flags) for area in answer.areas]
    if not texts:
        texts = ["no control areas were found"]
    blocks = ["\n".join(texts)] if answer.flags & _COMPACT else texts
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
    bare = replace(pages, subsections=())
    return replace(answer, pages=bare)


@command(
    "ca",
    argument(
        "words",
        "ADDRESS [FLAGS]: of the control area, with --file of a file object; 0 all, -1 unused ones",
        many="words",
    ),
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
    words: Sequence[str | int],
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

    The address may be an expression: poi(poi(8750ef80+14)); 0 shows all control areas that
    the pool holds, -1 those that nothing uses any more. FLAGS: 1 segment, 2 subsections, 4 mapped
    views, 8 on one line (3 where nothing is said); with 0 and -1 also 10 files, 20 what the page
    file backs, 40 images. What does not agree with itself (back pointers, counts, prototype PTEs
    of other subsections) is said below.
    """
    from dumpwalk.kernel.section import control_area

    if target is None:
        raise UsageError("a control area needs a dump: -z FILE")
    if not 1 <= len(words) <= 2:
        raise UsageError("ca takes an address and flags; quote an expression that has blanks")
    if force and extract is None:
        raise UsageError("--force goes with --extract OUT")
    wanted = _flags(words[1]) if len(words) > 1 else _SEGMENT | _SUBSECTIONS
    more = ptes or bar or explain or extract is not None
    if words[0] in (0, "0", -1, "-1"):
        if more or file or image:
            raise UsageError("options such as --ptes and --file are about one control area: give its address")
        areas, problems = _all(target, wanted, unused=words[0] in (-1, "-1"))
        return CaAnswer(areas, wanted, None, None, False, None, None, problems)
    area = control_area(target, _place(target, words[0], file, image))
    pages = views = written = told = None
    problems = ()
    if wanted & _VIEWS:
        from dumpwalk.kernel.mapped_views import mapped_views

        views, problems = mapped_views(target, area)
    if ptes or bar or explain:
        from dumpwalk.kernel.section_pages import section_pages

        pages = section_pages(target, area, each=ptes)
    if extract is not None:
        from dumpwalk.kernel.section_extract import extract as write

        written = write(target, area, extract, force=force)
    if explain:
        from dumpwalk.kernel.section_explained import explained

        told = explained(area, pages)
    return CaAnswer((area,), wanted, views, pages, ptes, written, told, problems)


def _flags(given: str | int) -> int:
    """Return the bits of the second word; those that choose among many alone mean what nothing means."""
    try:
        flags = given if isinstance(given, int) else number(given)
    except ValueError as error:
        raise UsageError(f"flags: {error}") from None
    return flags | (0 if flags & ~_KINDS else _SEGMENT | _SUBSECTIONS)


def _all(target: Target, flags: int, *, unused: bool) -> tuple[tuple[ControlArea, ...], tuple[Problem, ...]]:
    from dumpwalk.kernel.control_areas import control_areas

    areas, problems = control_areas(target)
    kinds = [kind for bit, kind in _KIND_BITS.items() if flags & bit] or [*_KIND_BITS.values(), "physical memory"]
    chosen = [area for area in areas if area.kind in kinds]
    if unused:
        chosen = [a for a in chosen if a.NumberOfSectionReferences == a.NumberOfMappedViews == 0]
    return tuple(chosen), problems


def _place(target: Target, word: str | int, file: bool, image: bool) -> int:
    from dumpwalk.kernel.names import resolve

    at = resolve(target, word)
    if not (file or image):
        return at
    return _of_file(target, at, "ImageSectionObject" if image else "DataSectionObject")


def _of_file(target: Target, address: int, member: str) -> int:
    """Return the control area to which the file object at *address* leads by *member*."""
    from dumpwalk.kernel.file_object import file_object
    from dumpwalk.remarks import Absent

    found = file_object(target, address)
    if found.sections is None:
        what = f"the file object at {found.address} has no section object pointers"
        if isinstance(found.SectionObjectPointer, Absent):
            raise FormatError(f"{what}: {found.SectionObjectPointer.reason}")
        raise UsageError(f"{what}: it is null")
    area = getattr(found.sections, member)
    if isinstance(area, Absent):
        raise FormatError(f"{member} of the file object at {found.address} can't be read: {area.reason}")
    if not area:
        other = "DataSectionObject" if member == "ImageSectionObject" else "ImageSectionObject"
        what = f"the file object at {found.address} has no {member}: the file is not mapped so"
        raise UsageError(f"{what}; its {other} is {getattr(found.sections, other)}")
    return int(area)

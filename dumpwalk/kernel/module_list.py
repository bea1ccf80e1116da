"""Modules as ``lm`` lists them: which match, what is known of their symbols, and what their images say."""

from __future__ import annotations

from dumpwalk.errors import AbsentError
from dumpwalk.record import record, replace
from dumpwalk.remarks import Absent
from dumpwalk.symbols.image import headers_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.symbols.codeview import PdbReference
    from dumpwalk.symbols.modules import Module, UnloadedModule
    from dumpwalk.symbols.version_resource import VersionInfo
    from dumpwalk.target import Target

_DEBUG, _REPRO = 6, 16  # IMAGE_DIRECTORY_ENTRY_DEBUG, IMAGE_DEBUG_TYPE_REPRO
_MOST_DEBUG_ENTRIES = 32
_DEBUG_ENTRY = 28
PDB, NONE = "pdb symbols", "no symbols"
# What a dump says that it lacks of its modules begins with these.
MISSING = ("modules:", "time stamps:")


@record
class ImageDetails:
    """What the image of a module says, as far as it is in the dump.

    :param reproducible: its time stamp is a hash of its content; ``None`` when that can't be told
    :param pdb: which PDB belongs to it; ``None`` where its debug directory does not say it or can't be read
    """

    reproducible: bool | None
    pdb: PdbReference | None
    version: VersionInfo | Absent


@record
class ListedModule:
    """A module in the list.

    :param symbols: ``pdb symbols`` for a kernel whose public symbols are known here, else ``no symbols``
    :param symbol_file: where the symbols come from; ``""`` for none
    :param flags: ``T`` when the time stamp is missing, ``C`` when only the checksum is, as WinDbg marks them
    :param details: only where they were asked for
    """

    module: Module
    symbols: str
    symbol_file: str
    flags: str
    details: ImageDetails | None


@record
class ModuleList:
    """Loaded and unloaded modules that match.

    :param missing: what of the list is not in the dump
    """

    modules: tuple[ListedModule, ...]
    unloaded: tuple[UnloadedModule, ...]
    missing: tuple[str, ...]


def modules_matching(
    target: Target,
    *,
    name: str = "*",
    path: str = "*",
    address: int | None = None,
    kernel: bool = True,
    user: bool = True,
    unloaded: bool = True,
    symbols_only: bool = False,
    troubled_only: bool = False,
    details: bool = False,
    by_name: bool = False,
) -> ModuleList:
    """Return the modules that match, by address.

    :param name: pattern of the name, with ``*``, ``?`` and ``[]``; case does not matter
    :param path: pattern of the path of the image
    :param address: only the module that it lies in
    :param kernel: those in the kernel's half of memory
    :param user: those in the other half
    :param unloaded: those that were unloaded, as well
    :param symbols_only: only those whose symbols are known
    :param troubled_only: only those without symbols, or with a missing time stamp or checksum
    :param details: read their images
    :param by_name: sort them by name
    :raises AbsentError: when nothing lists any, and nothing says why
    """
    missing = tuple(text for text in target.dump.missing if text.startswith(MISSING))
    if not (target.modules.modules or target.dump.unloaded or missing):
        raise AbsentError(target.dump.no_modules)
    found = []
    for module in target.modules.modules:
        listed = _listed(target, module)
        if address is not None and not module.base <= address < module.end:
            continue
        if not (_fits(module.name, name) and (_fits(module.path, path) or _fits(module.image, path))):
            continue
        if not (kernel if _in_kernel(target, module.base) else user):
            continue
        if (symbols_only and listed.symbols == NONE) or (troubled_only and listed.symbols != NONE and not listed.flags):
            continue
        found.append(listed)
    found.sort(key=lambda m: (m.module.name.lower() if by_name else "", m.module.base))
    if details:
        found = [replace(m, details=image_details(target, m.module)) for m in found]
    gone = [
        module
        for module in (target.dump.unloaded if unloaded and not symbols_only else ())
        if _fits(_stem(module.name), name) or _fits(module.name, name)
        if _fits(module.name, path)
        if address is None or module.start <= address < module.end
        if (kernel if _in_kernel(target, module.start) else user)
    ]
    return ModuleList(tuple(found), tuple(gone), missing)


def _fits(text: str, pattern: str) -> bool:
    if pattern == "*":
        return True
    from fnmatch import fnmatchcase

    return fnmatchcase(text.lower(), pattern.lower())


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _in_kernel(target: Target, address: int) -> bool:
    return bool(address >> (8 * target.machine.pointer_size - 1))


def _listed(target: Target, module: Module) -> ListedModule:
    profile = target.profile
    known = module is target.modules.kernel and not isinstance(profile, Absent) and profile.exact
    known = known and target.address_of("PsActiveProcessHead") is not None
    flags = "T" if module.timestamp == 0 else "C" if module.checksum == 0 else ""
    source = profile.name if known and not isinstance(profile, Absent) else ""
    return ListedModule(module, PDB if known else NONE, source, flags, None)


def image_details(target: Target, module: Module) -> ImageDetails:
    """Return what the image of *module* in memory says."""
    from dumpwalk.symbols.image import image_at
    from dumpwalk.symbols.version_resource import version_info

    image = image_at(target.memory, module.base, module.name)
    pdb = image.pdb if image else None
    return ImageDetails(_reproducible(target, module), pdb, version_info(target.memory, module.base))


def _reproducible(target: Target, module: Module) -> bool | None:
    """Say whether the image has an entry in its debug directory that says it was built reproducibly."""
    head = headers_at(target.memory, module.base)
    if head is None:
        return None
    rva, size = head.directory(_DEBUG)
    if not rva or not size:
        return False
    table = target.memory.read_some(target.address(module.base + rva), min(size, _MOST_DEBUG_ENTRIES * _DEBUG_ENTRY))
    if not table:
        return None
    kinds = (int.from_bytes(table[at + 12 : at + 16], "little") for at in range(0, len(table) - 27, _DEBUG_ENTRY))
    return _REPRO in kinds

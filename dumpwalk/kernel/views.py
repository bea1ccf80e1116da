"""The structures of a target, to be read field by field: at once where the kernel is known exactly."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.objects.sizes import size_of
from dumpwalk.remarks import Absent
from dumpwalk.types.anchors import Layout
from dumpwalk.types.exact_view import ExactLayout, ExactView
from dumpwalk.types.layouts import Field, Struct, enumeration, walked
from dumpwalk.types.model import Reference
from dumpwalk.types.model import Struct as Struct_
from dumpwalk.types.profiles import Match, Profile
from dumpwalk.types.view import View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from dumpwalk.target import Target
    from dumpwalk.types.model import Type, TypeDatabase

    AnyView: TypeAlias = View | ExactView


def view_of(target: Target, structure: str, address: int) -> AnyView:
    """Return the *structure*, ``_ETHREAD`` or another that :mod:`dumpwalk.types.layouts` knows, at *address*."""
    plan = target.kept.get(structure)
    if plan is None:
        layout = _layout(target, structure)
        plan = target.kept[structure] = ExactLayout(layout, target.machine) if layout.exact else layout
    if isinstance(plan, Layout):
        return View(target.memory, target.machine, plan.fresh(), address)
    return ExactView(target.memory, plan, address)


def _layout(target: Target, structure: str) -> Layout:
    data = target.dump.debugger_data
    profile = _by_the_user(target, structure) or target.profile
    layout = Layout(structure, profile, None if isinstance(data, Absent) else data, target.machine)
    if not isinstance(profile, Absent) and profile.build == target.dump.header.MinorVersion:
        layout.same_build()
    return layout


def _by_the_user(target: Target, structure: str) -> Profile | None:
    """Return a profile of the types that the user named, where they are no shipped ones; these have one already."""
    profile = target.profile
    try:
        types = target.types if target.named else None
    except TypeInfoError:
        return None
    if types is None or (not isinstance(profile, Absent) and profile.exact and profile.name == types.name):
        return None
    fields = tuple(field for path in walked(structure) if (field := _field(types, structure, path)) is not None)
    size = size_of(types.find(structure), types)
    if not fields or size is None:
        return None
    match = Match("exact", "exact (as the user says)", 0, 0, 0, 0, (), (types.name,))
    return Profile(types.name, target.machine.name, 0, {structure: Struct(structure, size, fields)}, match)


def _field(types: TypeDatabase, structure: str, path: str) -> Field | None:
    """Return the field *path* of the *structure* as :mod:`dumpwalk.types.layouts` has it, if there is one."""
    offset, bits = 0, None
    at: Type | None = types.find(structure)
    for name in path.split("."):
        if isinstance(at, Reference):
            at = types.find(at.name)
        found = next((f for f in at.fields if f.name == name), None) if isinstance(at, Struct_) else None
        if found is None:
            return None
        offset, at, bits = offset + found.offset, found.type, found.bits
    size = size_of(at, types)
    return Field(path, offset, size, bits or (0, 0)) if size else None


def enumerator(target: Target, enum: str, value: int | Absent) -> str | Absent:
    """Return the name of an enumeration's *value* in this build, or why it has none."""
    if isinstance(value, Absent):
        return value
    build = target.dump.header.MinorVersion
    try:
        names = target.once(enum, lambda _: enumeration(enum, build))
    except TypeInfoError as error:
        return Absent(f"{value}: {error}")
    # The last member of KWAIT_REASON only counts the others.
    if value < len(names) and not names[value].startswith("Maximum"):
        return names[value]
    return Absent(f"{value} is no {enum} of build {build}")

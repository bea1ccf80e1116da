"""The structures of a target, to be read field by field: at once where the kernel is known exactly."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.remarks import Absent
from dumpwalk.types.anchors import Layout
from dumpwalk.types.exact_view import ExactLayout, ExactView
from dumpwalk.types.layouts import enumeration
from dumpwalk.types.view import View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from dumpwalk.target import Target

    AnyView: TypeAlias = View | ExactView


def view_of(target: Target, structure: str, address: int) -> AnyView:
    """Return the *structure*, ``_ETHREAD`` or another that :mod:`dumpwalk.types.layouts` knows, at *address*."""
    plan = target.kept.get(structure)
    if plan is None or plan.layout is None:
        layout = _layout(target, structure)
        if not layout.exact:
            return View(target.memory, target.machine, layout, address)
        plan = target.kept[structure] = ExactLayout(layout, target.machine)
    return ExactView(target.memory, plan, address)


def _layout(target: Target, structure: str) -> Layout:
    data = target.dump.debugger_data
    layout = Layout(structure, target.profile, None if isinstance(data, Absent) else data, target.machine)
    profile = target.profile
    if not isinstance(profile, Absent) and profile.build == target.dump.header.MinorVersion:
        layout.same_build()
    return layout


def enumerator(target: Target, enum: str, value: int | Absent) -> str | Absent:
    """Return the name of an enumeration's *value* in this build, or why it has none."""
    if isinstance(value, Absent):
        return value
    build = target.dump.header.MinorVersion
    names = target.kept.get(enum)
    if names is None:
        try:
            names = target.kept[enum] = enumeration(enum, build)
        except TypeInfoError as error:
            return Absent(f"{value}: {error}")
    # The last member of KWAIT_REASON only counts the others.
    if value < len(names) and not names[value].startswith("Maximum"):
        found: str = names[value]
        return found
    return Absent(f"{value} is no {enum} of build {build}")

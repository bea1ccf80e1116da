"""Annotations: what is known of a thing beside what it says itself, one module a subject."""

from __future__ import annotations

from dumpwalk.record import record


@record
class Annotation:
    """A remark on a place.

    :param kind: the subject: ``stack rule``, ``subsystems``, ``status``, ``bug check``, ``wait reason``, ``flags``,
        ``irp``, ``pool tag``, ``pitfall``
    :param name: which rule or code it is, for programs
    :param title: it in a few words
    :param text: it in sentences
    :param next: what to look at next
    :param severity: ``info``, ``low``, ``medium``, ``high`` or ``critical``
    :param line: the line of the text it is about; ``None`` when it is about the whole block
    :param component: the module that it points at, or ``""``
    :param deduced: what it rests on that the text does not print but its frames show
    """

    kind: str
    name: str
    title: str
    text: str
    next: tuple[str, ...] = ()
    severity: str = "info"
    line: int | None = None
    component: str = ""
    deduced: tuple[str, ...] = ()

"""The data files that ship with dumpwalk, wherever it runs from.

``grammars/`` and ``typeinfo/`` are top-level directories of the repository and
the packages ``dumpwalk.grammars`` and ``dumpwalk.typeinfo`` of an installation
(``package_dir`` in setup.cfg maps the one to the other). A checkout that was
never installed has them beside the package instead. Files are read through
the package's loader, which also works from a zip and, unlike
:mod:`importlib.resources`, costs nothing at start-up.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lark import Lark


def read(package: str, name: str) -> bytes:
    """Return the bytes of the file *name* that ships in *package*.

    :param package: ``"dumpwalk.bugchecks"``, ``"dumpwalk.grammars"``, ...
    :raises OSError: when there is no such file
    """
    import sys

    try:
        __import__(package)  # importlib.util would cost as much as the rest of a command
        module = sys.modules[package]
        directory = module.__path__[0]
    except ModuleNotFoundError:  # a checkout that was never installed: the top-level directory
        module = sys.modules["dumpwalk"]
        directory = os.path.join(os.path.dirname(os.path.dirname(module.__file__ or "")), package.rpartition(".")[2])
    path = os.path.join(directory, *name.split("/"))
    loader: Any = module.__spec__ and module.__spec__.loader
    data: bytes = loader.get_data(path)
    return data


def load_grammar(name: str, **options: Any) -> Lark:
    """Return the LALR parser that ``grammars/<name>.lark`` describes.

    :param options: further options of :class:`lark.Lark`
    """
    from lark import Lark

    def source(_: object, path: str) -> tuple[str, str]:
        return path, read("dumpwalk.grammars", path).decode("utf-8")

    return Lark(source(None, f"{name}.lark")[1], parser="lalr", import_paths=[source], **options)

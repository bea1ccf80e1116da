"""Reads PDBs: the types, symbols and section table of one build of one image."""

from __future__ import annotations

from dumpwalk.types.sources.pdb.database import PdbDatabase, open_pdb

__all__ = ["PdbDatabase", "open_pdb"]

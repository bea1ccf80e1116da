"""Whole memory images: physical pages that hold page tables, a kernel and what it keeps track of.

Each structure is placed where the layouts of its build say; page-table entries
are written from the processors' manuals. One module a family of structures.
"""

from __future__ import annotations

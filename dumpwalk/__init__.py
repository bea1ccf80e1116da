"""WinDbg's knowledge of Windows crash dumps, offline, on any operating system."""

from __future__ import annotations

__version__ = "0.1.0"

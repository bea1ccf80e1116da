"""QEMU as a witness: a machine whose memory is a file, and its monitor's answers."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

PATIENCE = 60.0  # seconds; a machine takes less than five
BATCH = 200  # questions sent before the first answer is read


class Emulator:
    """A running QEMU (software emulation, no display, no devices but the machine's own).

    Whatever happens, it ends with the ``with`` block or after :data:`PATIENCE` seconds.

    :param program: such as ``qemu-system-x86_64``
    :param memory: the file that is the machine's memory, as large as that
    """

    def __init__(self, program: str, machine: str, cpu: str, memory: Path, *more: str) -> None:
        size = memory.stat().st_size
        backend = f"memory-backend-file,id=ram,size={size},mem-path={memory},share=on"
        self._process = subprocess.Popen(
            [program, "-machine", f"{machine},accel=tcg,memory-backend=ram", "-object", backend, "-m", f"{size >> 20}M"]
            + ["-cpu", cpu, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-qmp", "stdio", *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._watchdog = threading.Timer(PATIENCE, self._process.kill)
        self._watchdog.daemon = True
        self._watchdog.start()

    def __enter__(self) -> Emulator:
        try:
            self._receive()  # the greeting
            self.ask([("qmp_capabilities", {})])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.cancel()
        self._process.kill()
        self._process.communicate()

    def ask(self, questions: Iterable[tuple[str, dict[str, Any]]]) -> list[Any]:
        """Return what QMP answers to each ``(command, arguments)``."""
        lines = [json.dumps({"execute": name, "arguments": given}).encode() + b"\n" for name, given in questions]
        answers: list[Any] = []
        for start in range(0, len(lines), BATCH):
            batch = lines[start : start + BATCH]
            self._stdin.write(b"".join(batch))
            self._stdin.flush()
            answers += [self._receive() for _ in batch]
        return answers

    def monitor(self, commands: Iterable[str]) -> list[str]:
        """Return what the human monitor prints for each command line."""
        return self.ask(("human-monitor-command", {"command-line": command}) for command in commands)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until *condition* holds."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert self._process.poll() is None, self._last_words()
            assert time.monotonic() < end, "the guest does not get ready: " + self.monitor(["info registers"])[0]
            time.sleep(0.005)

    @property
    def _stdin(self) -> Any:
        return self._process.stdin

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        while True:
            line = self._process.stdout.readline()
            assert line, self._last_words()
            message = json.loads(line)
            assert "error" not in message, message
            if "event" not in message:
                return message.get("return")

    def _last_words(self) -> str:
        self._process.kill()
        return f"qemu ended: {self._process.communicate()[1].decode(errors='replace')}"

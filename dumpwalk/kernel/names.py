"""What a name in an expression stands for in a kernel dump: a symbol, a module, a register of the crash."""

from __future__ import annotations

from dumpwalk.errors import ReadError, TypeInfoError
from dumpwalk.kernel.context import parse_context, register_names
from dumpwalk.kernel.variables import variable
from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

# Pseudo-registers that debuggers have, and that take more than the dump's header to know.
_OTHERS = {
    *("$ea", "$ea2", "$exp", "$ra", "$eventip", "$previp", "$relip", "$scopeip", "$exentry", "$retreg64", "$peb"),
    *("$teb", "$frame", "$dbgtime", "$callret", "$p", "$tid", "$tpid", "$argreg", "$lastclrex"),
}
_RETURNED = {"x64": "rax", "x86": "eax", "ARM64": "x0", "ARM": "r0"}
_SPECIAL = {"$ip", "$csp", "$sp", "$fp", "$retreg", "efl"}
# The rest of a register's names, by Microsoft's page "Register Syntax" and winnt.h.
_LOWER = {
    **{f"e{n}": (f"r{n}", 4) for n in ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip")},
    **{f"r{n}d": (f"r{n}", 4) for n in range(8, 16)},
}


def resolve(target: Target, expression: str | int) -> Address:
    """Return the address that *expression* means in *target*: ``863c1758``, ``nt!KeBugCheckEx+4``, ``poi(@rsp)``.

    :param expression: a MASM expression; a number is itself
    :raises UsageError: when it makes no sense
    :raises TypeInfoError: when it names what is not known
    :raises ReadError: when it has to be read from memory that is not there
    """
    from dumpwalk.expression import evaluate

    return target.address(expression if isinstance(expression, int) else evaluate(expression, DumpNames(target)))


class DumpNames:
    """The names of a dump: an expression's :class:`~dumpwalk.expression.Names`.

    Registers are those in the dump's header, the ones that the debugger begins with.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.pointer_size: int = target.machine.pointer_size

    def read(self, address: int, size: int) -> int:
        """Return the number of *size* bytes at *address*.

        :raises ReadError: when the dump does not hold it
        """
        try:
            return self.target.read_int(address, size)
        except ReadError as error:
            raise ReadError(error.address, error.size, f"{error.reason}, so what it points to is not known") from error

    def symbol(self, name: str) -> int | None:
        """Return the address of a symbol or the base of a module.

        The few variables that the dump itself points to need no symbols.

        :raises TypeInfoError: when there is no such symbol, or symbols of that module are not known
        """
        module, mark, bare = name.rpartition("!")
        modules = self.target.modules
        if mark and module.lower() not in ("nt", ""):
            known = next((m for m in modules.modules if m.name.lower() == module.lower()), None)
            if known is None:
                raise TypeInfoError(f"{name}: no module {module} is loaded")
            raise TypeInfoError(f"{name}: of symbols only the kernel's are known; {module} begins at {known.base}")
        found = self._kernel_symbol(bare)
        if found is not None:
            return found
        if mark:
            raise TypeInfoError(f"{name}: {self._why_not(bare)}")
        return next((int(m.base) for m in modules.modules if m.name.lower() == bare.lower()), None)

    def _kernel_symbol(self, name: str) -> int | None:
        found = variable(self.target, name)
        return None if found is None else found[0]

    def _why_not(self, name: str) -> str:
        profile = self.target.profile
        if self.target.modules.kernel is None:
            return "the dump does not say where the kernel lies"
        if isinstance(profile, Absent):
            return profile.reason
        if not profile.exact:
            return f"this kernel is not known, so its symbols are not ({profile.match}); give the address"
        return f"no symbol {name} in {profile.name}"

    def register(self, name: str) -> int | None:
        """Return the value of a register or pseudo-register.

        :raises TypeInfoError: when the dump does not say what it held
        """
        dump, machine = self.target.dump, self.target.machine
        if name in ("$thread", "$proc"):
            value = dump.thread if name == "$thread" else dump.process
            if isinstance(value, Absent):
                raise TypeInfoError(f"@{name}: {value.reason}")
            return int(value)
        if name == "$ptrsize":
            return machine.pointer_size
        if name == "$pagesize":
            return 0x1000
        if name in ("$bug_code", *(f"$bug_param{n}" for n in range(1, 5))):
            header = dump.header
            return int(header.BugCheckCode if name == "$bug_code" else header.BugCheckParameters[int(name[-1]) - 1])
        if name in _OTHERS or (name.startswith("$t") and name[2:].isdecimal()):
            raise TypeInfoError(f"@{name}: this pseudo-register is not known here")
        if self.target.registers:
            listed = self._listed(name)
            if listed is not None:
                return listed
        return self._of_context(name)

    def _listed(self, name: str) -> int | None:
        """Return what a register listing beside the dump says of a register; ``None`` when it says nothing."""
        listed, machine = self.target.registers, self.target.machine
        letter = "r" if machine.pointer_size == 8 else "e"
        name = {"$ip": f"{letter}ip", "$sp": f"{letter}sp", "$csp": f"{letter}sp", "$fp": f"{letter}bp"}.get(name, name)
        name = {"efl": "eflags", "gdtr": "gdtbase", "gdtl": "gdtlimit", "idtr": "idtbase", "idtl": "idtlimit"}.get(
            name, f"{letter}ax" if name == "$retreg" else name
        )
        if name not in listed and name in _LOWER and _LOWER[name][0] in listed:
            return _extended(listed[_LOWER[name][0]] & 0xFFFFFFFF, 4)
        return _extended(listed[name], machine.pointer_size) if name in listed else None

    def _of_context(self, name: str) -> int | None:
        machine = self.target.machine
        context = parse_context(self.target.dump.header.ContextRecord, machine, "dump header")
        if isinstance(context, Absent):
            if not self._is_register(name):
                return None
            raise TypeInfoError(f"@{name}: the dump's header has no registers ({context.reason})")
        special = {"$ip": int(context.pc), "$csp": int(context.sp), "$sp": int(context.sp), "$fp": int(context.fp)}
        if name in special:
            return special[name]
        name = _RETURNED.get(machine.name, "") if name == "$retreg" else "eflags" if name == "efl" else name
        values = {n.lower(): int(v) for n, v in context.registers.items()}
        if name not in values and name in _LOWER and machine.name == "x64":
            whole, size = _LOWER[name]
            return _extended(values[whole] & 0xFFFFFFFF, size)
        if name not in values:
            return None
        return _extended(values[name], machine.pointer_size)

    def _is_register(self, name: str) -> bool:
        machine = self.target.machine
        known = register_names(machine)
        return name in known or name in _SPECIAL or (machine.name == "x64" and name in _LOWER)


def _extended(value: int, size: int) -> int:
    """Return a register's value; one of 32 bits is sign-extended."""
    return value | 0xFFFFFFFF00000000 if size == 4 and 0x80000000 <= value <= 0xFFFFFFFF else value

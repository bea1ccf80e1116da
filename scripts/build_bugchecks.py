"""Write ``dumpwalk/bugchecks/*.txt`` from a directory of facts (``bugchecks.json`` and ``ntstatus.json``).

    python scripts/build_bugchecks.py FACTS

The facts are numbers, names and short labels after Microsoft's public
documentation of bug checks (CC BY 4.0, in our own words) and the headers that
define NTSTATUS values. What this script adds is machine-readable: a *kind* for
each parameter whose label makes it certain, and the conditions under which a
row or a variant applies. Its output is committed and is the same each time.

The format is described at the head of each file it writes.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).parents[1] / "dumpwalk" / "bugchecks"
Json = dict[str, Any]

BUGCHECKS_HEAD = """\
# Bug checks. Written by scripts/build_bugchecks.py; change that, not this.
# Names, numbers and parameters are those of Microsoft's bug check reference; the words are ours.
#
# A paragraph is one bug check: its code and its name, then lines "key: text", indented by what they belong to.
#   alias, meaning, same as   another name; what went wrong; the code whose parameters these are
#   note                      rare: seldom seen; live dump only: the system went on running
#   p1 KIND                   what parameter 1 holds; lines below it name its values
#   when CONDITION            parameters of one variant; the text after the colon says when it applies
#   table CONDITION           rows, one of which applies; the text after the colon is how the reference says it
#   row CONDITION             one row: what it means, and its own parameters; "severity" as the reference has it
# CONDITION: p1=0x1,0x3-0x5 p3!=0x0 p4&0xff=0x2, all of which hold; arch=x64; else (nothing else fits);
# never (can't be told from the parameters); value=p3 in a table: its rows list values of that parameter.
# KIND says what to do with a value: scripts/build_bugchecks.py lists them. No kind: just a number.
# A code with nothing but a name has no page in the reference.
"""

NTSTATUS_HEAD = """\
# NTSTATUS values. Written by scripts/build_bugchecks.py; change that, not this.
# Severity is bits 30-31 and facility bits 16-27 of a value; "= NAME" gives other names, ": text" says what it means.
# Further down: "exception CODE text" for exception codes, "fastfail CODE NAME", "facility NUMBER NAME".
"""

# What a parameter's label says it is. The first pattern that is found decides; no pattern, no kind.
#   reserved           says nothing
#   status, exception_code   an NTSTATUS; an exception code, which may be a language runtime's
#   address            memory that was referenced wrongly
#   instruction        code that made the reference, faulted or called wrongly
#   routine            other code that is involved: a callback, a worker routine, the owner
#   exception_record, context_record, trap_frame   where to find more of the fault
#   pointer and the names of structures (thread, irp, mdl, ...)   an address in kernel memory
#   irql, access, pool_tag, pool_type, pte, pfn, physical, handle, id, count, apc_disable, ...   numbers
KINDS: list[tuple[str, tuple[str, ...]]] = [
    ("reserved", (r"^reserved\b", r"^(0|0x0)$")),
    ("", (r"^\d+$",)),
    ("depends", (r"^depends on p\d", r"^\(See the setup code\)", r"^by unique value")),
    # Codes and flags first: their labels speak of objects too.
    ("exception_code", (r"^exception (status )?code$",)),
    ("error_source_type", (r"^error source type$",)),
    ("irql", (r"^((current|old|saved|requested|required|actual|maximum allowable|incorrect) )?IRQL\b",)),
    ("access", (r"^access kind",)),
    ("apc_disable", (r"APC disable count", r"^special kernel APCs$")),
    ("combined_apc_disable", (r"^CombinedApcDisable",)),
    ("routine", (r"^pointer into the responsible driver",)),
    ("", (r"RemoveLock tag",)),
    ("pool_tag", (r"\btag\b(?!.*(altered|bad field))",)),
    ("pool_type", (r"^pool type$",)),
    ("source_line", (r"^high word: .*; low word:",)),
    (
        "status",
        (
            r"\bNTSTATUS\b|\bNT status\b|\bstatus code\b",
            r"^status$|^status (that|of the|returned|value submitted)",
            r"^(failure|mount|error|reset|IRP) status",
            r"write.error status|modified-write error",
            r"return code when the hive|^error code of the last failed operation",
        ),
    ),
    ("physical", (r"^(start of )?physical address", r"^highest physical address")),
    (
        "pfn",
        (
            r"physical page( number)?$|^page frame number$|page frame$|^physical page being",
            r"physical page in the system$",
            r"page number in the MDL|^starting physical page number of|^first page number",
        ),
    ),
    ("pte", (r"^PTE contents$", r"^contents of the page table entry")),
    ("", (r"^(number|size|length|sector|index|offset|count|flags|bytes|processor (index|number)|vendor)\b",)),
    ("handle", (r"\bhandle\b(?! (table|context))", r"^PEPHANDLE$")),
    # Faults.
    (
        "address",
        (
            r"^memory( address)? referenced|^address referenced|^faulting address|^address being accessed illegally",
            r"^address that could not be (accessed|paged in)",
            r"^virtual address (for the attempted|of attempted|that caused the fault|whose execution)",
        ),
    ),
    (
        "instruction",
        (
            r"^address of the failing instruction|^address of instruction that|^address that (made the|referenced)",
            r"^address in code which|^instruction (pointer|that)|^faulting instruction register|^address of caller",
            r"^caller's (address|caller)|^driver code address|^program counter|^ExceptionRecord->ExceptionAddress",
            r"^address of call to ",
        ),
    ),
    (
        "routine",
        (
            r"\broutine\b(?! that took)(?!.*duration)",
            r"callback (routine )?address|^address of event callback",
            r"^address of the system call",
        ),
    ),
    ("whea_error_record", (r"WHEA_ERROR_RECORD",)),
    ("trap_frame", (r"^trap frame",)),
    ("exception_record", (r"^(address of )?exception ?record",)),
    ("context_record", (r"^(address of )?context ?record",)),
    # Objects, by what the label ends in or is.
    ("", (r"^(IRQL|IRP) (before|after|major)", r"^IRP completion")),
    ("string", (r"string|^text of the violated|UNICODE_STRING|^name of|file name|^message|driver name|^ModuleName$",)),
    ("device_object", (r"device[ _]object", r"\bPDO\b", r"^DEVICE_OBJECT(?!_)")),
    ("", (r"^DEVICE_OBJECT_", r"PDOs\b")),
    ("driver_object", (r"driver object|\bP?DRIVER_OBJECT\b",)),
    ("file_object", (r"^(address of |pointer to )?file object",)),
    ("", (r"^(id of the thread|TID|client ID|thread APC)",)),
    (
        "thread",
        (
            r"^((address of|pointer to|current|new|saved|owner|exiting|incorrect target|worker) )*[EK]?thread\b(?!')",
            r"^pointer to (attached|stuck) thread",
            r"^CurrentThread$",
        ),
    ),
    (
        "process",
        (r"^(address of |pointer to |current )?process\b(?!.*(file name|context))", r"^pointer to thread's process"),
    ),
    ("irp", (r"\bIRP\b(?! (context|list|stack|major))(?!.*byte count)",)),
    ("mdl", (r"\bMDL\b(?!.*flag)(?!.*(page|buffer))", r"memory descriptor list", r"^(Source|Target)Mdl$")),
    ("", (r"\bflags?\b",)),
    (
        "resource",
        (
            r"^(address of )?(bad )?(ERESOURCE|resource)( structure| address)?$|^the ERESOURCE$",
            r"^resource (being|closing)|^address of resource that",
        ),
    ),
    ("work_item", (r"work ?item( address)?$",)),
    ("prcb", (r"\bPRCB\b(?! level)",)),
    (
        "pool_block",
        (
            r"^(address of )?(pool|pool block|block of pool)\b(?!.*(size|hash|header contents|offset|number|type))",
            r"address being freed$|^address that is being freed|^address that the driver tried",
        ),
    ),
    ("apc_state_index", (r"ApcStateIndex|APC state index",)),
    ("", (r"sub-table$|^kind of|^(major|minor) version|IfIndex|FLAGS|^specified length|^I/O port|-space type$",)),
    ("", (r"^corrupted value",)),
    ("module_base", (r"^(base|starting) address of the (unloading )?driver$",)),
    (
        "pointer",
        (
            r"^(address|pointer|base|start|end|starting address|virtual (address|base))\b|\baddress$",
            r"\b(structure|object|block|frame|list|context|extension|table|descriptor|mutex|lock|push ?lock|buffer)$",
            r"!_?[A-Z]|^ACPI |^_PRT|^POP_|^NDIS_|^PEP_|^PPOP_|^XHCI_|^USBHUB3_|^URB\b|^DUMP_INIT|^PO_MEM|^IO_(STA|REM)",
            r"InPageSupport|^(old|new) stack|^user address|^system address|^(first|last|free) mapping address",
            r"DEVICE_NODE|^optional\. Address|^user-mode address|^extra information \(|^\(Optional\) ELAM|^BackPocket",
        ),
    ),
]

# Labels that the patterns would take for something else, or can't judge.
KIND_OF_LABEL = {
    "(current IRQL << 16) | (expected IRQL << 8) | unique value": "irqls",
    '0x005461736B6D6772, the text "Taskmgr"': "",
    "access mode": "",
    "actual security check cookie from the stack": "",
    "active test flags": "",
    "allocation size": "",
    "allocations not freed": "",
    "bad Address": "pointer",
    "DEVICE_OBJECT_POWER_EXTENSION": "pointer",
    "pointer to NMI Handle": "pointer",
    "address of IRQL value": "pointer",
    "user-mode address present in the IRP": "pointer",
    "associated virtual address with this MDL": "pointer",
    "bug-check-on-failure requested in the MDL (1) or not (0)": "",
    "pointer to non-memory page in the MDL": "pointer",
    "POP_FX_DEVICE object": "pointer",
    "pointer to POP_FX_DEVICE object instance": "pointer",
    "pointer to parent of the device object": "pointer",
    "PDO, or context when p4 is NULL": "pointer",
    "address of NULL handle": "pointer",
    "memory page containing address being freed": "pointer",
    "PTE pointer": "pointer",
    "address of current process": "process",
    "terminated thread owns the lock": "",
    "hash entry": "pointer",
    "timer entry": "pointer",
    "state of the entry": "",
    "reference count of the removed entry": "",
    "usually physical address": "physical",
    "PFN": "pfn",
    "TDR recovery context (TDR_RECOVERY_CONTEXT), if any": "pointer",
    "optional pointer to internal TDR recovery context (TDR_RECOVERY_CONTEXT)": "pointer",
    "KINTERRUPT involved": "pointer",
    "child POP_FX_COMPONENT": "pointer",
    "parent POP_FX_COMPONENT": "pointer",
    "POWER_CHANNEL_SUMMARY": "pointer",
    "PPPM_COORDINATED_STATE being updated": "pointer",
    "SD request packet": "pointer",
    "SD work packet that failed": "pointer",
    "OID request (memory may be stale)": "pointer",
    "AFD endpoint": "pointer",
    "ACPI's deviceExtension": "pointer",
    "ACPI's ResourceList": "pointer",
    "device extension pointer of the host controller": "pointer",
    "processor device context (FDO_DATA)": "pointer",
    "OBJECT_TYPE found from the type index": "pointer",
    "object ACPI looks for": "pointer",
    "object closest to the error": "pointer",
    "object to wait on": "pointer",
    "object with the bad header": "pointer",
    "NS PowerResource that ACPI needs the object for": "pointer",
    "queue entry with the NULL link": "pointer",
    "queue referenced (usually an ExWorkerQueue)": "pointer",
    "OwnerPointer": "pointer",
    "resource->OwnerTable": "pointer",
    "previously attached silo": "pointer",
    "session to the server": "pointer",
    "context being unwound": "context_record",
    "context being unwound or dispatched": "context_record",
    "corrupt mapping": "pointer",
    "non-existent mapping": "pointer",
    "shared memory page that was corrupted": "pointer",
    "page from which this shared memory was allocated": "pointer",
    "memory page": "pointer",
    "wrong packet": "pointer",
    "current buffer that ACPI was parsing": "pointer",
    "current _PRT element": "pointer",
    "removal relations": "pointer",
    "bad pool entry": "pool_block",
    "bad quota process pointer": "process",
    "blocked IRP": "irp",
    "bytes calculated (actually given to the caller)": "",
    "call object": "pointer",
    "cancelled IRP (may be invalid)": "irp",
    "child DEVICE_NODE at fault, or NULL": "pointer",
    "context or NULL": "pointer",
    "context value": "",
    "copy of the completed IRP": "irp",
    "current AML": "pointer",
    "current interrupt time": "",
    "current process when p1 is 1, else 0": "process",
    'DEVICE_POWER_STATE (this is "x+1")': "",
    "DirectoryBase": "",
    "driver instance handle": "handle",
    "driver's lock": "pointer",
    "dump stack context": "pointer",
    "entry that was not freed": "pointer",
    "exception information": "pointer",
    "exception pointer": "pointer",
    "first argument passed": "",
    "four-character tag of the altered field": "text4",
    "four-character tag of the bad field": "text4",
    "ACPI table signature": "text4",
    "method name as ULONG": "text4",
    "name of the control method (in ULONG format)": "text4",
    "highest physical page": "pfn",
    "lowest physical page": "pfn",
    "highest physical page frame": "pfn",
    "highest physical page in the system": "pfn",
    "index of the first NULL PDO": "",
    "initial mapping": "pointer",
    "IRP list": "pointer",
    "lock type held (1, 2 or 3)": "",
    "locked pages of the process": "",
    "next pool entry": "pool_block",
    "non-memory page number in the MDL": "pfn",
    "number of physical pages corrupted": "",
    "object type": "pointer",
    "object type of the object": "pointer",
    "object type specified by the caller": "pointer",
    "object whose reference count is being lowered": "object",
    "one of the pool entries": "pool_block",
    "one incorrectly-calculated entry": "pool_block",
    "other pool entry": "pool_block",
    "bad entry that caused the miscalculation": "pool_block",
    "page that should hold the entry": "pointer",
    "page offset in paged pool": "",
    "original thread causing the failure": "thread",
    "pages locked for the process": "",
    "pending IRP list": "pointer",
    "pointer to number of bytes tracked by Driver Verifier": "pointer",
    "pointer to string describing the violation": "string",
    "pointer to the 64-bit length": "pointer",
    "pool header contents": "",
    "first part of pool header contents": "",
    "process image file name": "string",
    "process to attach to (or the original process if already attached)": "process",
    "process the thread is attached to now": "process",
    "PTE type wanted": "",
    "resource": "resource",
    "resource entry": "pointer",
    "resource call": "",
    "RIP": "instruction",
    "routine the work item would have called, if it is a work queue": "routine",
    "address of routine that took too long": "routine",
    "duration of the routine, in microseconds": "",
    "IRQL after the routine": "irql",
    "IRQL before the routine": "irql",
    "parameter passed to the worker routine": "",
    "parameter passed to this worker routine": "",
    "section name (UTF-8 encoded string)": "string",
    "source file of the check": "string",
    "source buffer": "pointer",
    "target buffer": "pointer",
    "stack address of the original thread": "pointer",
    "status value submitted to NdisMResetComplete": "status",
    "system power state in transition": "",
    "the IRP or a copy": "irp",
    "the ending object": "object",
    "thread whose call has not returned promptly": "thread",
    "thread with the bad boost": "thread",
    "VirtualAddress": "pointer",
    "watchdog source (values as for 0x9E)": "",
    "address of exception code": "pointer",
    "address of open handle": "handle",
    "string with the file name": "string",
    "first characters of the service name": "text8",
    "error NTSTATUS code for the operation": "status",
    "exception parameter 0": "exception_parameter",
    "exception parameter 1": "exception_parameter",
    "error code": "status",
    "failed operation (p2 status, p3 domain)": "",
    "time-out code context: port data": "",
    "driver stacks if recorded, else 0": "",
    "driver stacks of the process if recorded, else 0": "",
}

# Where the same label means different things, or the label alone is not enough: (code, row or variant, parameter).
KIND_OF_PARAMETER = {
    (0xF0, "", "1"): "",  # an error code of the storage port driver, listed with the parameter
    (0x1A, "row 0x404", "2"): "pte",
    (0x1A, "row 0x404", "4"): "pte",
    (0x1A, "row 0x3300", "3"): "pte",
    (0x1A, "row 0x4477", "2"): "address",
    (0x1A, "row 0x41287", "2"): "address",
    (0x1A, "row 0x5200", "2"): "pool_block",
    (0x1A, "row 0x5305", "2"): "pool_block",
    (0x1A, "row 0x6001", "3"): "address",
    (0x1A, "row 0x41201", "2"): "pointer",
    (0x1A, "row 0x41201", "3"): "pte",
    (0x1A, "row 0x41201", "4"): "pointer",
    (0x1A, "row 0x41202", "3"): "pte",
    (0x1A, "row 0x41202", "4"): "pointer",
    (0x1A, "row 0x41793", "2"): "pointer",
    (0x1A, "row 0x61948", "2"): "pfn",
    (0x1A, "row 0x61948", "4"): "pfn",
    (0x1A, "row 0x61949", "2"): "pfn",
    (0x1A, "row 0x6194a", "2"): "pfn",
    (0x1A, "row 0x6194a", "3"): "pfn",
    (0x1A, "row 0x6194a", "4"): "pfn",
}

# Rows of a table that no "p1_values" tells apart: the parameters whose constants do. By (code, number of the table).
ROW_KEYS = {
    (0x93, 0): ("p2", "p4"),
    (0xA5, 4): ("p3",),
    (0xA5, 5): ("p3",),
    (0xA5, 6): ("p2",),
    (0xFE, 0): ("p2",),
    (0x10D, 1): ("p2",),
    (0x10D, 2): ("p3",),
}
# What else must hold for those rows: the reference continues the row of p1 = 8.
ROW_CONTEXT = {(0xFE, 0): "p1=0x8"}

# The reference's words for a condition, and ours.
CONDITIONS = {
    "p1 == 0x02": "p1=0x2",
    "p1 == 0x10": "p1=0x10",
    "p1 == 0x11": "p1=0x11",
    "p1 == 0x06": "p1=0x6",
    "p1 == 0x0B": "p1=0xb",
    "p1 == 0x8 and p2 == 6; value is p3": "p1=0x8 p2=0x6 value=p3",
    "error source type value": "value=error_source_type",
    "value is p1": "value=p1",
    "value is p4 bits 0-7 (shadow code)": "value=p4&0xff",
    "p1 is 0, 1 or 2": "p1=0x0-0x2",
    "p1 is anything else": "else",
    "p1 is 1, 2 or 3 and p3 is 0": "p1=0x1-0x3 p3=0x0",
    "p1 is 3 or 4 and p3 is not 0": "p1=0x3,0x4 p3!=0x0",
    "otherwise": "else",
    "default": "else",
    # A processor without the architecture is a Pentium or older; the parameters don't say.
    "x86 with machine-check exception but no machine-check architecture": "never",
    "x64, or x86 with machine-check architecture": "else",
    # The single-bit reading has 0 in both places, and a buffer address is never 0.
    "single-bit hardware error": "p3=0x0 p4=0x0",
    "memory store error (authentication, CRC or decompression)": "else",
    "p1 is 0: bad feature mask, or extended state off": "p1=0x0",
    "p1 is 1: save or restore above DISPATCH_LEVEL": "p1=0x1",
    "p1 is 2: saved state is for an equal or higher level": "p1=0x2",
    "p1 is 3: saved state is for another thread": "p1=0x3",
    "p1 is 4: saved state is for another level": "p1=0x4",
    "p1 is 1: plug-in refused a required notification": "p1=0x1",
    "p1 is 2: plug-in returned an invalid idle state": "p1=0x2",
    "p1 is 0x3xxx": "p1=0x3000-0x3fff",
}
VALUE_RANGES = {"0x01 -> 0x07": "0x1-0x7", ">= 0x80": "0x80-"}


def kind(code: int, where: str, number: str, label: str) -> str:
    """Return the kind of parameter *number* of bug check *code*, ``""`` when it is just a number."""
    override = KIND_OF_PARAMETER.get((code, where, number))
    if override is None:
        override = KIND_OF_LABEL.get(label)
    if override is not None:
        return override
    return next((k for k, patterns in KINDS if any(re.search(p, label, re.IGNORECASE) for p in patterns)), "")


def numbers(values: list[int]) -> str:
    return ",".join(f"{v:#x}" for v in values)


def constant(label: str) -> int | None:
    """Return the number that *label* is, if it is nothing else."""
    return int(label, 0) if re.fullmatch(r"0x[0-9a-fA-F]+|\d+", label) else None


def spells(label: str, values: list[int]) -> bool:
    """Say whether *label* is only another spelling of *values*."""
    return [constant(word.strip()) for word in label.split(",") if word.strip()] == values


def parameter_lines(code: int, where: str, number: str, p: Json, indent: str) -> list[str]:
    label = p["meaning"]
    k = kind(code, where, number, label)
    lines = [f"{indent}p{number}{' ' + k if k else ''}: {label}"]
    return lines + [f"{indent}  {value}: {text}" for value, text in p.get("values", {}).items()]


def hinted(meaning: str) -> dict[str, str]:
    """Return the labels that a row's text gives in brackets: ``(p2 PTE address, p3/p4 low and high half)``."""
    found = re.search(r"\((p[1-4][ /].*)\)", meaning)
    labels: dict[str, str] = {}
    for part in re.split(r"[,;] (?=p\d)", found[1]) if found and ":" not in found[1] else ():
        names, _, label = part.partition(" ")
        if not label.startswith(("gives ", "hold", "holds ")):
            labels.update(dict.fromkeys(names.split("/"), label))
    return labels


def row_lines(code: int, index: int, row: Json) -> list[str]:
    rest = dict(row)
    meaning = rest.pop("meaning")
    conditions = []
    for n in "1234":
        if values := rest.pop(f"p{n}_values", None):
            conditions.append(f"p{n}={numbers(values)}")
            if spells(rest[f"p{n}"], values):
                del rest[f"p{n}"]
    if "value" in rest:
        value = rest.pop("value")
        conditions.append("value=" + (VALUE_RANGES.get(value) or hex(int(value, 0))))
    if not conditions:
        keys = [k for k in ROW_KEYS.get((code, index), ()) if constant(rest.get(k, "")) is not None]
        context = ROW_CONTEXT.get((code, index))
        conditions = ([context] if context else []) + [f"{k}={constant(rest[k]):#x}" for k in keys]
        if not keys and (code, index) in ROW_KEYS:
            conditions = ["else"]
    lines = [f"  row {' '.join(conditions)}: {meaning}" if conditions else f"  row: {meaning}"]
    if "severity" in rest:
        lines.append(f"    severity: {rest.pop('severity')}")
    labels = hinted(meaning)
    where = f"row {row['p1_values'][0]:#x}" if "p1_values" in row else f"table {index}"
    for n in "1234":
        label = rest.pop(f"p{n}", labels.get(f"p{n}"))
        values = rest.pop(f"p{n}_values_map", {})
        if label is not None:
            lines += parameter_lines(code, where, n, {"meaning": label, "values": values}, "    ")
    assert not rest, rest
    return lines


def condition(words: str) -> str:
    return f"{CONDITIONS[words]}: {words}"


def paragraph(code: int, entry: Json) -> list[str]:
    lines = [f"0x{code:08X} {entry['name']}"]
    if "alias" in entry:
        lines.append(f"alias: {entry['alias']}")
    lines.append(f"meaning: {entry['meaning']}")
    if "same_as" in entry:
        lines.append(f"same as: {entry['same_as']}")
    if entry.get("rare"):
        lines.append("note: rare")
    if entry.get("live_dump_only"):
        lines.append("note: live dump only")
    for n, p in entry.get("parameters", {}).items():
        lines += parameter_lines(code, "", n, p, "")
    for i, variant in enumerate(entry.get("variants", ())):
        lines.append(f"when {condition(variant['when'])}")
        for n, p in variant["parameters"].items():
            lines += parameter_lines(code, f"variant {i}", n, p, "  ")
    for i, table in enumerate(entry.get("subtables", ())):
        lines.append(f"table {condition(table['selected_by'])}" if "selected_by" in table else "table:")
        for row in table["rows"]:
            lines += row_lines(code, i, row)
    known = {"code", "name", "alias", "meaning", "same_as", "rare", "live_dump_only"}
    assert not set(entry) - known - {"parameters", "variants", "subtables"}, entry
    return lines


def bugchecks(facts: Json) -> str:
    paragraphs = {int(code, 16): paragraph(int(code, 16), entry) for code, entry in facts["bugchecks"].items()}
    for code, name in facts["names_without_page"].items():
        assert int(code, 16) not in paragraphs
        paragraphs[int(code, 16)] = [f"0x{int(code, 16):08X} {name}"]
    return BUGCHECKS_HEAD + "".join("\n" + "\n".join(lines) + "\n" for _, lines in sorted(paragraphs.items())) + "\n"


def ntstatus(facts: Json) -> str:
    lines = []
    for code, entry in sorted(facts["status"].items(), key=lambda item: int(item[0], 16)):
        value = int(code, 16)
        assert entry["severity"] == ("success", "informational", "warning", "error")[value >> 30], code
        assert entry["facility"] == value >> 16 & 0xFFF, code
        aliases = "".join(f" = {alias}" for alias in entry.get("aliases", ()))
        text = f": {entry['text']}" if "text" in entry else ""
        lines.append(f"0x{value:08X} {entry['name']}{aliases}{text}")
    lines.append("")
    lines += [f"exception 0x{int(code, 16):08X} {text}" for code, text in facts["exception_codes"].items()]
    lines.append("")
    lines += [f"fastfail {code:#x} {name}" for name, code in facts["fast_fail_codes"].items()]
    lines.append("")
    lines += [f"facility {int(number, 16):#x} {name}" for number, name in facts["facilities"].items()]
    return NTSTATUS_HEAD + "\n" + "\n".join(lines) + "\n"


def main() -> None:
    facts = Path(sys.argv[1])
    for name, convert in (("bugchecks", bugchecks), ("ntstatus", ntstatus)):
        text = convert(json.loads((facts / f"{name}.json").read_text("utf-8")))
        (OUTPUT / f"{name}.txt").write_bytes(text.encode("utf-8"))


if __name__ == "__main__":
    main()

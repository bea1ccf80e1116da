"""Machines made out of listings of `!process` and `!thread`: specs that hold every value a listing shows."""

from __future__ import annotations

import re

from dumpwalk.synth.image.structures import Layouts
from dumpwalk.types.store import Store

TICK = 156250
KINDS = ("NotificationEvent", "SynchronizationEvent", "Mutant", "ProcessObject", "QueueObject", "Semaphore", "Thread")
REASONS = (
    "Executive FreePage PageIn PoolAllocation DelayExecution Suspended UserRequest WrExecutive WrFreePage WrPageIn"
    " WrPoolAllocation WrDelayExecution WrSuspended WrUserRequest WrEventPair WrQueue WrLpcReceive WrLpcReply"
    " WrVirtualMemory WrPageOut WrRendezvous WrKeyedEvent WrTerminated WrProcessInSwap WrCpuRateControl WrCalloutStack"
    " WrKernel WrResource"
).split()
STATISTICS = {
    r"VadRoot (\S+)": ("VadRoot.Root", "VadRoot.BalancedRoot.RightChild"),
    r"Vads (\d+)": ("VadCount", "VadRoot.NumberGenericTableElements"),
    r"Private (\d+)\.": ("NumberOfPrivatePages",),
    r"Modified (\d+)\.": ("ModifiedPageCount",),
    r"Locked (\d+)\.": ("NumberOfLockedPages",),
    r"^    DeviceMap (\S+)": ("DeviceMap",),
    r"Token +(\S+)": ("Token.Object",),
    r"QuotaPoolUsage\[PagedPool\] +(\d+)": ("ProcessQuotaUsage[1]", "QuotaUsage[1]"),
    r"QuotaPoolUsage\[NonPagedPool\] +(\d+)": ("ProcessQuotaUsage[0]", "QuotaUsage[0]"),
    r"max\)  \((\d+)": ("Vm.Instance.WorkingSetSize", "Vm.WorkingSetSize"),
    r"max\)  \(\d+, (\d+)": ("Vm.Instance.MinimumWorkingSetSize", "Vm.MinimumWorkingSetSize"),
    r"max\)  \(\d+, \d+, (\d+)": ("Vm.Instance.MaximumWorkingSetSize", "Vm.MaximumWorkingSetSize"),
    r"PeakWorkingSetSize +(\d+)": ("Vm.Instance.PeakWorkingSetSize", "Vm.PeakWorkingSetSize"),
    r"PageFaultCount +(\d+)": ("Vm.Instance.PageFaultCount", "Vm.PageFaultCount"),
    r"BasePriority +(\d+)$": ("Pcb.BasePriority",),
    r"CommitCharge +(\d+)": ("CommitCharge",),
    r"Job +(\S+)": ("Job",),
    r"Peb: (\S+)": ("Peb",),
    r"ObjectTable: (\S+)": ("ObjectTable",),
    r"ParentCid: (\S+)": ("InheritedFromUniqueProcessId",),
}
THREAD = {
    r"Teb: (\S+)": ("Teb",),
    r"Win32Thread: (\S+)": ("Win32Thread",),
    r"TickCount +(\d+)": ("WaitTime",),
    r"Switch Count +(\d+)": ("ContextSwitches",),
    r"IdealProcessor: (\d+)": ("IdealProcessor",),
    r"Win32 Start Address (?:.*\()?(0x[0-9a-f]+)": ("Win32StartAddress",),
    r"Stack Init (\S+)": ("InitialStack",),
    r"Current (\S+)": ("KernelStack",),
    r"Base (\S+) Limit": ("StackBase",),
    r"Limit ([0-9a-f]{8,})": ("StackLimit",),
    r"Priority (\d+) ": ("Priority",),
    r"BasePriority (\d+) ": ("BasePriority",),
    r"ForegroundBoost (\d+)": ("ForegroundBoost",),
    r"IoPriority (\d+)": ("ThreadIoPriority",),
    r"PagePriority (\d+)": ("ThreadPagePriority",),
    r"on processor (\d+)": ("NextProcessor",),
}
DECIMAL = r"(\d+)"


class Machine:
    """A spec in the making.

    :ivar ticks: clock ticks at the moment of the dump
    """

    def __init__(self, listing: str, profile: str) -> None:
        self.layouts = Layouts(Store.shipped().open(profile))
        self.machine = profile.rpartition("-")[2]
        self.wide = self.machine == "x64"
        self.objects: dict[str, str] = {}
        self.lines = [f"dump full {self.machine}", f"profile {profile}", "time 2020-01-01T00:00:00Z", "bugcheck e2"]
        self.ticks = 0
        self.listing = listing
        heads = [m.start() for m in re.finditer(r"^ *THREAD ", listing, re.M)]
        first = re.search(r"^PROCESS ", listing, re.M)
        self.pid = re.search(r"Cid:? +0*([0-9a-f]+)", listing).group(1)  # type: ignore[union-attr]
        self.process(listing[first.start() : heads[0] if heads else None] if first else "")
        for here, after in zip(heads, [*heads[1:], len(listing)]):
            self.thread(listing[here:after])
        if self.pid != "4":
            self.lines.append("thread 4.8 State=Running")

    def spec(self) -> str:
        shared = 0xFFFFF78000000000 if self.wide else 0xFFDF0000
        ticks = self.ticks.to_bytes(8, "little").hex()
        return "\n".join([*self.lines, *self.objects.values(), f"block {shared + 0x320:x} bytes {ticks}", ""])

    def fields(self, structure: str, text: str, table: dict[str, tuple[str, ...]]) -> list[str]:
        out = []
        for pattern, paths in table.items():
            found = re.search(pattern, text, re.M)
            path = next((p for p in paths if self.layouts.has(structure, p)), "")
            if found and path:
                decimal = DECIMAL in pattern
                out.append(f"{path}={'0n' * decimal}{found.group(1)}")
        return out

    def times(self, text: str) -> list[str]:
        out = []
        for name in ("UserTime", "KernelTime"):
            found = re.search(rf"{name} +(\d+):(\d+):(\d+)\.(\d+)", text)
            if found:
                hours, minutes, seconds, thousandths = map(int, found.groups())
                units = (((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths) * 10_000
                out.append(f"{name}={-(-units // TICK):x}")
        return out

    def process(self, text: str) -> None:
        name = re.search(r"Image: +(\S+)", text or self.listing).group(1)  # type: ignore[union-attr]
        address = re.search(r"^PROCESS (\S+)|Owning Process +(\S+)", text or self.listing, re.M)
        place = (address.group(1) or address.group(2)) if address else ""
        fields = self.fields("_EPROCESS", text, STATISTICS) + self.times(text)
        if not text:
            fields += self.fields("_EPROCESS", self.listing, {r"DeviceMap +(\S+)": ("DeviceMap",)})
        for label, path in (("VirtualSize", "VirtualSize"), ("PeakVirtualSize", "PeakVirtualSize")):
            found = re.search(rf" {label} +(\d+) Mb", text)
            fields += [f"{path}={int(found.group(1)) << 20:x}"] if found else []
        elapsed = re.search(r"ElapsedTime +(\d+):(\d+):(\d+)\.(\d+)", text)
        if elapsed:
            hours, minutes, seconds, thousandths = map(int, elapsed.groups())
            now = 132223104000000000  # 2020-01-01
            units = (((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths) * 10_000
            fields.append(f"CreateTime.QuadPart={now - units:x}")
        if "FOREGROUND" in text:
            path = "Vm.Instance.Flags.MemoryPriority"
            fields.append(f"{path if self.layouts.has('_EPROCESS', path) else 'Vm.Flags.MemoryPriority'}=2")
        session = re.search(r"SessionId: (\d+)", text)
        if session:
            at = "ffffc0ff00000000" if self.wide else "c0ff0000"
            fields.append(f"Session={at}")
            self.objects["session"] = f"struct _MM_SESSION_SPACE at {at} SessionId=0n{session.group(1)}"
        count, table = re.search(r"HandleCount: +(\d+)\.", text), re.search(r"ObjectTable: (\S+)", text)
        if count and table and int(table.group(1), 16):
            path = "HandleCount" if self.layouts.has("_HANDLE_TABLE", "HandleCount") else "FreeLists[0].HandleCount"
            self.objects["handles"] = f"struct _HANDLE_TABLE at {table.group(1)} {path}=0n{count.group(1)}"
        if len(name) > 14:
            place_of_name = 0xFFFFA8FF00000000 if self.wide else 0xA8FF0000
            fields.append(f"SeAuditProcessCreationInfo.ImageFileName={place_of_name:x}")
            path = f"\\Device\\HarddiskVolume1\\{name}"
            self.objects["name"] = f'struct _OBJECT_NAME_INFORMATION at {place_of_name:x} Name="{path}"'
        self.lines.append(f'process {self.pid} "{name}" at {place} {" ".join(fields)}')

    def thread(self, text: str) -> None:
        address, tid = re.search(r"THREAD (\S+) +Cid [0-9a-f]+\.0*([0-9a-f]+)", text).groups()  # type: ignore[union-attr]
        fields = self.fields("_ETHREAD", text, THREAD) + self.times(text)
        fields.append("KernelStackResident=1")
        state = re.search(r"Win32Thread: \S+ (WAIT|RUNNING|READY)", text)
        states = {"WAIT": "Waiting", "RUNNING": "Running", "READY": "Ready"}
        fields.append(f"State={states[state.group(1)] if state else 'Waiting'}")
        wait = re.search(r"WAIT: \((\w+)\) (\w+)Mode (\S+)", text)
        if wait:
            fields.append(f"WaitReason={REASONS.index(wait.group(1)):x} WaitMode={int(wait.group(2) == 'User')}")
            fields.append(f"Alertable={int(wait.group(3) == 'Alertable')}")
        ticks = re.search(r"TickCount +(\d+) +Ticks: (\d+)", text)
        if ticks:
            self.ticks = int(ticks.group(1)) + int(ticks.group(2))
        waits = re.findall(r"^ +([0-9a-f]{8,16})  (\w+)(?: Limit (\S+))?$", text, re.M)
        if waits:
            fields += self.waits(int(address, 16), waits)
        self.lines.append(f"thread {self.pid}.{tid} at {address} {' '.join(fields)}")
        stack, irp = (self.layouts.size(name) for name in ("_IO_STACK_LOCATION", "_IRP"))
        for place, size, flags in re.findall(r"^ +(\S+): \(0006,(\w+)\) Flags: (\w+)", text, re.M):
            depth = (int(size, 16) - irp) // stack
            self.lines.append(f"irp {self.pid}.{tid} IRP_MJ_READ at {place} stack {depth:x} Flags={flags}")

    def waits(self, thread: int, waits: list[tuple[str, str, str]]) -> list[str]:
        size = self.layouts.size("_KWAIT_BLOCK")
        first = thread + self.layouts.offset("_ETHREAD", "WaitBlock[0]")
        fields = [f"WaitBlockList={first:x}"]
        if self.layouts.has("_ETHREAD", "WaitBlockCount"):
            fields.append(f"WaitBlockCount={len(waits):x}")
        for n, (place, kind, limit) in enumerate(waits):
            fields.append(f"WaitBlock[{n}].Object={place}")
            if self.layouts.has("_KWAIT_BLOCK", "NextWaitBlock"):
                fields.append(f"WaitBlock[{n}].NextWaitBlock={first + size * ((n + 1) % len(waits)):x}")
            if set(place) != {"f"} and f" {place} " not in self.listing[: self.listing.index(place)]:
                type = "_KSEMAPHORE" if limit else "_DISPATCHER_HEADER"
                head = f"{'Header.' * bool(limit)}Type={KINDS.index(kind):x}"
                self.objects[place] = f"struct {type} at {place} {head}{f' Limit={limit}' if limit else ''}"
        return fields

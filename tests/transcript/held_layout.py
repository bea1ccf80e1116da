"""Words of the layouts, by kind, which say nothing of a target; and what records hold in another form than print."""

from __future__ import annotations

# Headings, labels, links and the words between values.
LAYOUT = {
    "analyze": "Bugcheck Analysis Arg1 Arg2 Arg3 Arg4 Debugging Details ErrCode Exception Parameter Value",
    "apc": "Process",
    "breakpoints": "Clear Disable",
    "bugcheck": "Arguments BugCheck Bugcheck Error Fatal System",
    "blocked-threads": "Blocker Proc Thread ThreadState",
    "control-area": (
        "Addr Base Based Committed Count Flush In Info Mapped ModWriteCount NonExtendPtes NonPaged Object Of "
        "Offset PTE Paged Pfn ProtoPtes Pte Ptes Ref Section Sector Sectors Starting Subsection Subsections System "
        "Template Total Unused Usage User WaitForDel commit subsect"
    ),
    "deadlock": "Deadlock Lock ThreadEntry Where detected following in the took",
    "device": "AttachedDev Current DevExt DevNode DevObjExt Device IRP Irp Lower RefCount Type Upper for is not object",
    "devstack": "DevExt DevNode DevObj DeviceInst DrvObj ObjectName is",
    "device-node": "DevNode Dumping List PDO TargetDeviceNotify at b f for is",
    "disk-space": "Checking Cluster Clusters Free Size Space Total for",
    "dpcs": "CPU KDPC",
    "driver": "Device Driver DriverEntry Extension List Object addr for id is list object routines",
    "evaluation": "Evaluate expression",
    "exception": "Chained Parameter",
    "exploitable": "Basic Block Input Stack Trace Usage operands",
    "failure-data": "Type",
    "handle": "Count Object ObjectHeader at entries in new specific use version with",
    "idt": "Dumping IDT KINTERRUPT",
    "imports": "Dumping Import ModuleImageName at table",
    "irp": "Args Buffer Completion Device File Irp Mdl No System cl cmd flg is stack stacks trace with",
    "locks": "Access Contention Count CritSec Exclusive On Resource Threads Waiting at",
    "managed-exception": "Exception Unhandled at",
    "managed-modules": "Binary Mode Module Name by filters module s the",
    "memory-use": "Control Dirty File Free ID Kb Locked Page PageTables Paging Shared Space",
    "mex-thread": (
        "AttachedProcess CID Create DbgID E K Kernel Object Other Priority R Reason Thread UTC User V W Wait "
        "WaitBlockList Waiters"
    ),
    "modules": "File ImageSize Mask OS Product date end module start type",
    "msr": "msr",
    "object": "Object ObjectHeader new version",
    "object-fields": "raw statics",
    "pointers": "telescope",
    "pool": "Allocs NonPaged Pooltag is page previous",
    "power-action": "Allocated PopAction THREAD power worker",
    "process": (
        "PROCESS Cid ParentCid DirBase Image Clone Private Modified Locked ElapsedTime QuotaPoolUsage NonPagedPool "
        "PagedPool Working Set Sizes now min max"
    ),
    "processor": (
        "Count Current Dpc ExceptionList GroupSetMember IRQL Idle Index Interrupt Kernel Major Minor Next NtTib "
        "SelfTib StackBase StackLimit SubSystemTib Threads Times User UserPointer Version at for"
    ),
    "processors": "8B ArchitectureClass CP Cached F Initial M MSR PRCB S Update",
    "pte": "VA at contains",
    "queued-locks": "C Corrupt Key Lock Number O Owner Processor Wait blank n not order owned waiting",
    "ready": "Cid THREAD at",
    "regions": "Address Base End Region Size",
    "register-mask": "Register is output",
    "registers": "ErrCode",
    "requests": "ReturnCode ThreadId Time secs",
    "ring-log": "LOG LOGEND LOGSTART",
    "slist": "CONTENTS HEADER SLIST",
    "smt": "APIC Id Maximum No SMT Set Summary core cores logical per physical processor",
    "stack": (
        "Args Call Child ChildEBP FramePtr Function Name Param1 Param2 Param3 RetAddr Return SP STACK_TEXT Site "
        "Suspend at id in stack to"
    ),
    "system-data": "Info Node",
    "system-ptes": "PTEs PageCount Ptes System VA allocated block blocks free largest mapping starting to",
    "thread": (
        "Address Args Base Call Child ChildEBP Cid Context Count Current IRP Image Init Initial IoPriority Limit List "
        "Mdl Owning PagePriority Process RetAddr SP Site Sp Stack Start Switch THREAD TickCount Ticks Wait Win32 on "
        "owning processor to"
    ),
    "time-travel": "Currently ModLoad Replaying Setting at",
    "timers": "Dump Fire High Interrupt Low Timer system",
    "trace": "AvgInst Call MaxInst MinInst Name Tracing return to",
    "unique-stacks": "stats thread",
    "usb": "EVENT NEXT",
    "vad": (
        "Area Banked Blink Charge Commit Control End Extend First Flink Last Offset PTE ProtoPte Secured Start VAD "
        "VPN commit end start"
    ),
    "verifier": "Size block",
    "verifier-stop": "STOP VERIFIER pid",
    "winde": (
        "Elapsed Process Image State Notes Idle Ready Threads DPCs Tag Type Waiters Owners Owner "
        "Addr Bas Bk BugChk Commit Count Cur From Function Handle Id K Kernel Lc Lock Ls M NO Name No Non On "
        "Overview Own P PROC Paged Pool Pri Priv Q Queued Reason Rn RrBLsrl Ry Ses Set Siz Standby Start Switches "
        "TSA Thread Ticks Time User Virt Wait Waiting Work \\\\\\ d hh lp mm ss t ttt wr ws zContext"
    ),
    "work-queue": "Dumping ExWorkerQueue WorkQueue current maximum",
}

# Kind, expressions for the line and the token, and the form in which the record says it.
IN_ANOTHER_FORM = (
    ("vad", "", r"Mapped", "private is false"),
    ("vad", "", r"Exe", "VadType is VadImageMap"),
    ("handle", r".*GrantedAccess: ", r"Protected|Inherit|Audit", "bits of Attributes"),
    ("pool", "", r"Free", "allocated is false"),
    ("pte", "", r"Proto", "the kind of the entry is prototype"),
    ("pte", r"[ ]*Page has been freed\Z", r"has|been", "the kind of the entry is freed"),
    ("requests", "", r"yes", "completed is true"),
    ("thread", "", r"Non", "alertable is false"),
    ("thread", r" *THREAD", r"WAIT", "State is Waiting"),
    ("thread", r" *f{8,16} ", r"NotificationEvent", "the kind is empty where there is no object"),
    ("thread", r" *Not impersonating", r"Not|impersonating", "impersonation is null"),
    ("thread", r" *Kernel stack not", r"Kernel|stack|not|resident", "KernelStackResident is false"),
    ("thread", r" *(User|Kernel)Time", r"[0-9]+", "one time in units of 100 ns"),
    ("thread", r" *Wait Start TickCount.* \(", r"[0-9]{1,3}", "waited_time, in units of 100 ns"),
    ("thread", r" *Attached Process", r"[NA]", "attached is null"),
    ("deadlock", "", r"TERMINATED", "the thread's address is null"),
    ("winde", "", r"BUGCHK", "bugcheck is true"),
    ("managed-modules", r"[ ]*[0-9a-f]{8}", r"Yes", "debug is true"),
    ("managed-modules", r"[ ]*[0-9a-f]{8}", r"No", "debug is false"),
    ("modules", r"[ ]*[0-9a-f]{8}", r"[0-9a-f]{8}(?:`[0-9a-f]{8})?", "the end is the base and the size"),
    ("modules", r"[ ]+File (?:OS|type):", r"[A-Z]\w+", "the name of the number before it"),
    ("modules", r"[ ]+Image was built with|.*\(This is a repro", r"[A-Za-z]+", "reproducible is true"),
    ("timers", "", r"[0-9a-f]{8}", "the low and the high half of one number"),
    ("process", r" *(?:Elapsed|User|Kernel)Time ", r"[0-9]+", "the time is in units of 100 ns"),
    ("process", r" *Working Set Sizes ", r"[0-9]+KB", "pages, of 4 KB"),
    ("process", "", r"none", "SessionId is null"),
    ("process", r".*<Data Not Accessible>", r"Data|Not|Accessible", "HandleCount is absent"),
    ("stack", r".* ntoskrnl!PspSystemThreadStartup\+0x5\Z", r"0x5", "one number that was wrapped: 0x54"),
    ("stack", r"[4f]\Z", r"[4f]", "the last digit of a number that was wrapped: 0x54, 0x1f"),
)
# The same for what no value of the record says, and why none needs to.
NOT_HELD = (
    ("analyze", r" *Parameter\[", r"[0-9]+", "follows from the order of the parameters"),
    ("exception", r" *Parameter\[", r"[0-9]+", "follows from the order of the parameters"),
    ("registers", r" *\([0-9]+\) \w+ \(/", r"[0-9]+", "follows from the order of the registers"),
    ("locks", r" *CritSec \+", r"[0-9a-f]+", "repeats the low digits of the address, where no symbol is"),
    ("vad", r".*Commit Charge", r"2", "repeats the number before it in decimal"),
    ("winde", "", r"[1-7]", "numbers of columns in a heading"),
    ("usb", r"## EVENT, STATE, NEXT \(", r"latest|at|bottom", "the order, in which the record holds them too"),
    ("queued-locks", r"Key: ", r"1", "a heading"),
    ("pci", "", r"IOSpac|eEnable", "one word that was wrapped"),
    ("stack", "", r"IopProcessStartDevicesWork|er", "one word that was wrapped"),
)

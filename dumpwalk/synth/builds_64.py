"""Structure layouts of 64-bit builds, as the writer keeps them.

A table line is ``field offset size``, in hexadecimal. Sources: public type
listings of the PDBs of 14393.0 and 19041 (``dt nt!_KTHREAD``, ...), and the
``KDDEBUGGER_DATA64`` blocks of real 19041 x64 and 22000 ARM64 dumps, whose
``Offset*`` and ``Size*`` fields say it themselves. ARM64 fields that the block
does not name were located in a real dump by their values.
"""

from __future__ import annotations

from dumpwalk.synth.layouts import MACHINES, Layout, numbers, table

# _KTHREAD is the same to its offset 0x300 in x64 kernels from 8.1 to 22H2.
_KTHREAD_X64 = """
Header.Type 0 1
InitialStack 28 8
StackLimit 30 8
StackBase 38 8
CycleTime 48 8
KernelStack 58 8
Running 71 1
SystemCallNumber 80 4
FirstArgument 88 8
TrapFrame 90 8
ApcState.ApcListHead 98 20
ApcState.Process b8 8
Priority c3 1
Teb f0 8
ContextSwitches 154 4
State 184 1
WaitIrql 186 1
WaitMode 187 1
WaitTime 1b4 4
Win32Thread 1c8 8
CombinedApcDisable 1e4 4
KernelApcDisable 1e4 2
SpecialApcDisable 1e6 2
NextProcessor 218 4
Process 220 8
BasePriority 233 1
ApcStateIndex 24a 1
WaitReason 283 1
KernelTime 28c 4
UserTime 2dc 4
"""

_KTHREAD_X64_DATA = """
OffsetKThreadNextProcessor=218 OffsetKThreadTeb=f0 OffsetKThreadKernelStack=58 OffsetKThreadInitialStack=28
OffsetKThreadApcProcess=b8 OffsetKThreadState=184 OffsetKThreadStackLimit=30 OffsetKThreadStackBase=38
OffsetKThreadQueueListEntry=208 OffsetKThreadWaitReason=283 OffsetEprocessDirectoryTableBase=28
OffsetPrcbCurrentThread=8 OffsetPrcbNumber=24 OffsetPrcbIdleThread=18 OffsetPcrSelfPcr=18 OffsetPcrCurrentPrcb=20
OffsetPcrContainedPrcb=180 GdtR0Code=10 GdtR0Data=18 GdtR3Code=33 GdtR3Data=2b GdtTss=40 Gdt64R3CmCode=23
Gdt64R3CmTeb=53 SizeKDPC_STACK_FRAME=50 OffsetKPriQueueThreadListHead=2a0
"""

WINDOWS_10_14393_X64 = Layout(
    MACHINES["x64"],
    14393,
    0x368,
    1,
    numbers(
        _KTHREAD_X64_DATA
        + """
        SizePrcb=6900 SizePcr=6a80 SizeEProcess=7b0 SizeEThread=7e0 OffsetEprocessPeb=3f8 OffsetEprocessParentCID=3e0
        OffsetPrcbDpcRoutine=2dea OffsetPrcbMhz=5f4 OffsetPrcbCpuType=5f0 OffsetPrcbVendorString=6258
        OffsetPrcbProcStateContext=120 OffsetPrcbProcStateSpecialReg=40 OffsetPrcbContext=6280
        OffsetEThreadIrpList=668 OffsetPrcbNormalDpcState=2dec OffsetPrcbDpcStack=2dd0 OffsetPrcbIsrStack=6298
        """
    ),
    table("""
    LegacyNumber 4 1
    CurrentThread 8 8
    NextThread 10 8
    IdleThread 18 8
    Number 24 4
    ProcessorState.SpecialRegisters.Cr0 40 8
    ProcessorState.SpecialRegisters.Cr2 48 8
    ProcessorState.SpecialRegisters.Cr3 50 8
    ProcessorState.SpecialRegisters.Cr4 58 8
    CpuType 5f0 1
    CpuID 5f1 1
    CpuStep 5f2 2
    MHz 5f4 4
    MinorVersion 638 2
    MajorVersion 63a 2
    DpcRoutineActive 2dea 1
    DispatcherReadyListHead 5900 200
    VendorString 6258 d
    Context 6280 8
    """),
    table("""
    Pcb.Header.Type 0 1
    DirectoryTableBase 28 8
    UniqueProcessId 2e8 8
    CreateTime 308 8
    Token 358 8
    SectionBaseAddress 3c0 8
    InheritedFromUniqueProcessId 3e0 8
    Peb 3f8 8
    Session 400 8
    ObjectTable 418 8
    WoW64Process 428 8
    ImageFileName 450 f
    ActiveThreads 498 4
    """),
    table(
        _KTHREAD_X64
        + """
    CreateTime 5e0 8
    StartAddress 608 8
    Cid.UniqueProcess 630 8
    Cid.UniqueThread 638 8
    IrpList 668 10
    Win32StartAddress 688 8
    CrossThreadFlags 6c0 4
    """
    ),
    False,
)

WINDOWS_10_19041_X64 = Layout(
    MACHINES["x64"],
    19041,
    0x380,
    1,
    numbers(
        _KTHREAD_X64_DATA
        + """
        SizePrcb=af00 SizePcr=b080 SizeEProcess=a40 SizeEThread=898 OffsetEprocessPeb=550 OffsetEprocessParentCID=540
        OffsetPrcbDpcRoutine=312a OffsetPrcbMhz=44 OffsetPrcbCpuType=40 OffsetPrcbVendorString=8590
        OffsetPrcbProcStateContext=1f0 OffsetPrcbProcStateSpecialReg=100 OffsetPrcbContext=85c0
        OffsetEThreadIrpList=4b0 OffsetPrcbNormalDpcState=312c OffsetPrcbDpcStack=3110 OffsetPrcbIsrStack=85d8
        """
    ),
    table("""
    LegacyNumber 4 1
    CurrentThread 8 8
    NextThread 10 8
    IdleThread 18 8
    Number 24 4
    CpuType 40 1
    CpuID 41 1
    CpuStep 42 2
    MHz 44 4
    MinorVersion 88 2
    MajorVersion 8a 2
    ProcessorState.SpecialRegisters.Cr0 100 8
    ProcessorState.SpecialRegisters.Cr2 108 8
    ProcessorState.SpecialRegisters.Cr3 110 8
    ProcessorState.SpecialRegisters.Cr4 118 8
    DpcRoutineActive 312a 1
    DispatcherReadyListHead 7c80 200
    VendorString 8590 d
    Context 85c0 8
    """),
    table("""
    Pcb.Header.Type 0 1
    DirectoryTableBase 28 8
    UniqueProcessId 440 8
    CreateTime 468 8
    Token 4b8 8
    SectionBaseAddress 520 8
    InheritedFromUniqueProcessId 540 8
    Peb 550 8
    Session 558 8
    ObjectTable 570 8
    WoW64Process 580 8
    ImageFileName 5a8 f
    ActiveThreads 5f0 4
    """),
    table(
        _KTHREAD_X64
        + """
    CreateTime 430 8
    StartAddress 450 8
    Cid.UniqueProcess 478 8
    Cid.UniqueThread 480 8
    IrpList 4b0 10
    Win32StartAddress 4d0 8
    CrossThreadFlags 510 4
    ThreadName 610 8
    """
    ),
    False,
)

WINDOWS_11_22000_ARM64 = Layout(
    MACHINES["ARM64"],
    22000,
    0x380,
    0x10,
    numbers("""
    OffsetKThreadNextProcessor=238 OffsetKThreadTeb=e8 OffsetKThreadKernelStack=58 OffsetKThreadInitialStack=28
    OffsetKThreadApcProcess=b0 OffsetKThreadState=17c SizeEProcess=c80 OffsetEprocessPeb=508
    OffsetEprocessParentCID=4f8 OffsetEprocessDirectoryTableBase=28 SizePrcb=9680 OffsetPrcbDpcRoutine=b1a
    OffsetPrcbCurrentThread=8 OffsetPrcbMhz=6f4 OffsetPrcbCpuType=6f0 OffsetPrcbVendorString=890
    OffsetPrcbProcStateContext=360 OffsetPrcbNumber=24 SizeEThread=910 SizePcr=a000 OffsetPcrSelfPcr=18
    OffsetPcrContainedPrcb=980 OffsetPrcbProcStateSpecialReg=40 OffsetPrcbContext=8a0 OffsetPrcbMaxBreakpoints=898
    OffsetPrcbMaxWatchpoints=89c OffsetKThreadStackLimit=30 OffsetKThreadStackBase=38
    OffsetKThreadQueueListEntry=200 OffsetEThreadIrpList=520 OffsetPrcbIdleThread=18 OffsetPrcbNormalDpcState=b1c
    OffsetPrcbDpcStack=af8 OffsetPrcbIsrStack=18e0 SizeKDPC_STACK_FRAME=10 OffsetKPriQueueThreadListHead=2a0
    OffsetKThreadWaitReason=2a3
    """),
    table("""
    CurrentThread 8 8
    NextThread 10 8
    IdleThread 18 8
    Number 24 4
    CpuType 6f0 4
    MHz 6f4 4
    VendorString 890 8
    MaxBreakpoints 898 4
    MaxWatchpoints 89c 4
    Context 8a0 8
    DispatcherReadyListHead d00 200
    """),
    table("""
    Pcb.Header.Type 0 1
    DirectoryTableBase 28 8
    UniqueProcessId 3f8 8
    CreateTime 420 8
    Token 470 8
    InheritedFromUniqueProcessId 4f8 8
    Peb 508 8
    ObjectTable 528 8
    ImageFileName 560 f
    ActiveThreads 5a8 4
    """),
    table("""
    Header.Type 0 1
    InitialStack 28 8
    StackLimit 30 8
    StackBase 38 8
    CycleTime 48 8
    KernelStack 58 8
    Running 69 1
    TrapFrame 88 8
    ApcState.ApcListHead 90 20
    ApcState.Process b0 8
    Priority bb 1
    Teb e8 8
    ContextSwitches 14c 4
    State 17c 1
    WaitIrql 17e 1
    WaitMode 17f 1
    WaitTime 1ac 4
    CombinedApcDisable 1dc 4
    KernelApcDisable 1dc 2
    SpecialApcDisable 1de 2
    SwitchFrame.Fp 220 8
    SwitchFrame.Pc 228 8
    NextProcessor 238 4
    Process 240 8
    BasePriority 253 1
    WaitReason 2a3 1
    CreateTime 4a0 8
    StartAddress 4c0 8
    Cid.UniqueProcess 4e8 8
    Cid.UniqueThread 4f0 8
    IrpList 520 10
    Win32StartAddress 540 8
    CrossThreadFlags 580 4
    ThreadName 680 8
    """),
    True,
)

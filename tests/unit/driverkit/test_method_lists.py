"""The SDK's classes have the public methods of DriverKit's, by name.

Source: IOService.iig and the other .iig files of xnu's iokit/DriverKit; IOTimerDispatchSource.h.
Left out is what C++ needs and Python has (reference counts, meta classes, `…_f` for functions),
what the system alone calls (`CheckForWork`), and IODMACommand: no driver here does DMA.
"""

import inspect

import pytest

import runtime.driverkit as sdk

METHODS = {
    "OSObject": "init free SetDispatchQueue CopyDispatchQueue",
    "OSAction": "GetReference Cancel SetAbortedHandler Aborted WillWait EndWait Wait",
    "IOService": """init free Start Stop ClientCrashed GetRegistryEntryID SetName RegisterService
        SetDispatchQueue CopyDispatchQueue CreateDefaultDispatchQueue CopyProperties SearchProperty
        SetProperties JoinPMTree SetPowerState ChangePowerState SetPowerOverride NewUserClient
        Create Terminate CopyProviderProperties RequireMaxBusStall AdjustBusy GetBusyState
        StateNotificationItemCreate StateNotificationItemSet StateNotificationItemCopy
        CopySystemStateNotificationService CreatePropertyMatchingDictionary
        CreateKernelClassMatchingDictionary CreateUserClassMatchingDictionary
        CreateNameMatchingDictionary UpdateReport ConfigureReport SetLegend CopyName
        StringFromReturn CoreAnalyticsSendEvent RemoveProperty GetProvider""",
    "IODispatchQueue": """Create OnQueue GetName Cancel DispatchAsync DispatchConcurrent
        DispatchSync Log RunAction SleepWithDeadline SleepWithTimeout Sleep Wakeup
        WakeupWithOptions""",
    "IODispatchSource": "Cancel SetEnableWithCompletion SetEnable",
    "IOTimerDispatchSource": "Create SetHandler SetEnableWithCompletion Cancel WakeAtTime",
    "IOInterruptDispatchSource": """Create GetInterruptType SetHandler SetEnableWithCompletion
        Cancel GetLastInterrupt""",
    "IODataQueueDispatchSource": """Create SetDataAvailableHandler SetDataServicedHandler
        SetEnableWithCompletion Cancel IsDataAvailable Peek Dequeue Enqueue DequeueWithCoalesce
        EnqueueWithCoalesce CanEnqueueData SendDataServiced SendDataAvailable
        GetDataQueueEntryHeaderSize""",
    "IOServiceNotificationDispatchSource": """Create SetHandler SetEnableWithCompletion Cancel
        DeliverNotifications""",
    "IOMemoryDescriptor": """GetLength CreateMapping CreateSubMemoryDescriptor
        CreateWithMemoryDescriptors""",
    "IOBufferMemoryDescriptor": "Create GetAddressRange SetLength",
    "IOMemoryMap": "GetAddress GetLength GetOffset",
    "IOUserClient": """ExternalMethod AsyncCompletion CopyClientMemoryForType
        CreateMemoryDescriptorFromClient CopyClientEntitlements""",
}


@pytest.mark.parametrize("name", METHODS)
def test_a_class_has_its_methods(name: str) -> None:
    cls = getattr(sdk, name)
    missing = [method for method in METHODS[name].split() if not callable(getattr(cls, method, 0))]
    assert missing == []


@pytest.mark.parametrize("name", [name for name in sdk.__all__ if inspect.isclass(vars(sdk)[name])])
def test_every_public_call_says_what_it_does(name: str) -> None:
    cls = vars(sdk)[name]
    public = [method for method in dir(cls) if method[0].isupper() and method != "CallbackType"]
    mute = [method for method in public if not inspect.getdoc(getattr(cls, method))]
    assert mute == []

# What this project uses of pyusb 1.3.
from collections.abc import Iterator

class USBError(OSError):
    def __init__(
        self, strerror: str, error_code: int | None = ..., errno: int | None = ...
    ) -> None: ...

class USBTimeoutError(USBError): ...
class NoBackendError(ValueError): ...

class Endpoint:
    bEndpointAddress: int
    bmAttributes: int
    wMaxPacketSize: int
    bInterval: int
    def read(self, size_or_buffer: int, timeout: int | None = ...) -> object: ...
    def write(self, data: bytes, timeout: int | None = ...) -> int: ...

class Interface:
    bInterfaceNumber: int
    bAlternateSetting: int
    bInterfaceClass: int
    bInterfaceSubClass: int
    bInterfaceProtocol: int
    iInterface: int
    def __iter__(self) -> Iterator[Endpoint]: ...

class Configuration:
    bConfigurationValue: int
    bmAttributes: int
    bMaxPower: int
    iConfiguration: int
    def __iter__(self) -> Iterator[Interface]: ...
    def __getitem__(self, index: tuple[int, int]) -> Interface: ...

class Device:
    bcdUSB: int
    bDeviceClass: int
    bDeviceSubClass: int
    bDeviceProtocol: int
    bMaxPacketSize0: int
    idVendor: int
    idProduct: int
    bcdDevice: int
    bNumConfigurations: int
    iManufacturer: int
    iProduct: int
    iSerialNumber: int
    bus: int | None
    address: int | None
    speed: int | None
    def __iter__(self) -> Iterator[Configuration]: ...
    def get_active_configuration(self) -> Configuration: ...

def find(
    find_all: bool = ...,
    backend: object = ...,
    custom_match: object = ...,
    **args: int,
) -> Device | None: ...

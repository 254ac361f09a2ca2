"""Matching dictionaries, as notifications take them.

Source: DriverKit's IOService.iig; xnu IOService.cpp propertyMatching, nameMatching.
Invariant: pure; a dictionary that is given is extended and returned, else a new one is.
"""

from runtime.model.properties import Properties, Value


class MatchingDictionaries:
    """The static methods of `IOService` that make matching dictionaries."""

    @staticmethod
    def CreatePropertyMatchingDictionary(
        key: str, value: Value, matching: Properties | None = None
    ) -> Properties:
        """Of services with this property."""
        return _with(matching, "IOPropertyMatch", {key: value})

    @staticmethod
    def CreateKernelClassMatchingDictionary(
        className: str, matching: Properties | None = None
    ) -> Properties:
        """Of services of this class of the registry, or one that derives from it."""
        return _with(matching, "IOProviderClass", className)

    @staticmethod
    def CreateUserClassMatchingDictionary(
        className: str, matching: Properties | None = None
    ) -> Properties:
        """Of drivers' services whose personality or dictionary has this ``IOUserClass``."""
        matching = _with(matching, "IOProviderClass", "IOService")
        return _with(matching, "IOPropertyMatch", {"IOUserClass": className})

    @staticmethod
    def CreateNameMatchingDictionary(
        serviceName: str, matching: Properties | None = None
    ) -> Properties:
        """Of services of this name."""
        return _with(matching, "IONameMatch", serviceName)


def _with(matching: Properties | None, key: str, value: Value) -> Properties:
    made: Properties = {} if matching is None else matching
    made[key] = value
    return made

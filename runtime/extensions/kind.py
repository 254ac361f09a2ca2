"""Which kind of system extension a bundle is, by Apple's marks.

All kinds are recognised and checked; this runtime runs drivers. An activation of another kind ends
with `OSSystemExtensionErrorUnknownExtensionCategory` and says which one it was.
Source: Apple, Info.plist keys NetworkExtension, CMIOExtension and NSEndpointSecurity…, entitlement
com.apple.developer.endpoint-security.client.
Invariant: pure; a bundle without a mark is refused, never guessed.
"""

from runtime.extensions import plist
from runtime.extensions.codes import refused
from runtime.model.errors import BundleError
from runtime.model.properties import Properties
from runtime.model.sx_code import SxCode

DRIVER = "com.apple.system_extension.driver_extension"
NETWORK = "com.apple.system_extension.network_extension"
ENDPOINT_SECURITY = "com.apple.system_extension.endpoint_security"
CATEGORIES = (DRIVER, NETWORK, ENDPOINT_SECURITY)

_WORDS = {NETWORK: "a network extension", ENDPOINT_SECURITY: "an endpoint security extension"}
_CLIENT = "com.apple.developer.endpoint-security.client"
_TYPE = "CFBundlePackageType"


def read_category(info: Properties, entitlements: Properties, path: str) -> str:
    """The category of a bundle; `path` names its Info.plist in errors.

    Raises:
        BundleError: It has no mark of a kind, or the mark is not what it has to be.
    """
    kind = info.get(_TYPE)
    if kind == "DEXT":
        return DRIVER
    if kind != "SYSX":
        raise _unknown(
            f"{path}: {_TYPE}", "DEXT or SYSX", "nothing" if kind is None else repr(kind)
        )
    if "NetworkExtension" in info:
        table = plist.entry(info, "NetworkExtension", dict, path)
        assert isinstance(table, dict)
        plist.entry(table, "NEProviderClasses", dict, f"{path}: NetworkExtension")
        return NETWORK
    marks = [key for key in info if key.startswith("NSEndpointSecurity")]
    if marks or entitlements.get(_CLIENT) is True:
        return ENDPOINT_SECURITY
    camera = "CMIOExtension, a camera extension" if "CMIOExtension" in info else "neither"
    raise _unknown(
        f"{path}: {_TYPE} SYSX", f"NetworkExtension or the entitlement {_CLIENT}", camera
    )


def usage_key(category: str) -> str:
    """The key of the usage description of a kind."""
    return "OSBundleUsageDescription" if category == DRIVER else "NSSystemExtensionUsageDescription"


def check_runs_here(category: str, path: str) -> None:
    """Hold a bundle to being of a kind that this runtime runs.

    Raises:
        BundleError: It is of another one (``sx-7``).
    """
    if category != DRIVER:
        expected = "a driver extension (DEXT), the kind that runs on Linux"
        raise _unknown(f"{path}: {_TYPE}", expected, _WORDS[category])


def _unknown(where: str, expected: str, found: str) -> BundleError:
    return refused(where, expected, found, sx_code=SxCode.UNKNOWN_EXTENSION_CATEGORY)

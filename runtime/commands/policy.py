"""`systemextensionsctl policy`: the configuration profiles that decide in users' place.

Invariant: the runtime reads and judges what a file holds; here it is only carried.
"""

import argparse

from runtime.client.blocking import Connection
from runtime.commands import files, shell
from runtime.commands.plaintext import plain
from runtime.linux import places
from runtime.model.policy import rule_words, rules
from runtime.wire import limits
from runtime.wire.commands.policy import AddProfile, ListProfiles, RemoveProfile


def run(runtime: Connection, options: argparse.Namespace) -> int:
    """Carry the verb out; returns the exit code."""
    match options.what:
        case "add":
            path = places.absolute(options.item)
            data = files.read(path, limits.PROFILE, "a configuration profile")
            items = runtime.call(AddProfile(data, path.name[: limits.NAME])).items
            said = "added "
        case "remove":
            items = runtime.call(RemoveProfile(options.item)).items
            said = "removed "
        case _:
            items = runtime.call(ListProfiles()).items
            said = ""
    if options.json:
        shell.print_json(items)
        return shell.OK
    for profile in items:
        print(plain(f"{said}{profile.identifier}: {profile.name} ({profile.file})"))
        for rule in () if said else rules(profile):
            print(plain(f"    {rule_words(rule)}"))
    if not items:
        print("no profile decides anything")
    return shell.OK


def add_options(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("what", choices=["add", "list", "remove"], help="what to do")
    parser.add_argument(
        "item",
        metavar="ITEM",
        nargs="?",
        default="",
        help="file X.mobileconfig to add; the profile's identifier to remove it",
    )
    parser.add_argument("--json", action="store_true", help="one array of objects")

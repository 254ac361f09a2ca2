"""`systemextensionsctl policy`: the configuration profiles that decide in users' place.

Invariant: the runtime reads and judges what a file holds; here it is only carried.
"""

import argparse

from runtime.client.blocking import Connection
from runtime.commands import files, shell
from runtime.commands.plaintext import plain
from runtime.linux import places
from runtime.model.policy import Profile, rule_words, rules
from runtime.wire import limits
from runtime.wire.commands.policy import AddProfile, ListProfiles, RemoveProfile


def add_verbs(verb: shell.AddVerb) -> None:
    """The verb's own verbs."""
    adding = verb("add", _add, "add a profile, or replace the one of its identifier")
    adding.add_argument("item", metavar="ITEM", help="file X.mobileconfig")
    removing = verb("remove", _remove, "remove a profile")
    removing.add_argument("item", metavar="ITEM", help="the profile's identifier")
    listing = verb("list", _list, "say what profiles decide")
    for added in (adding, removing, listing):
        added.add_argument("--json", action="store_true", help="one array of objects")


def _add(runtime: Connection, options: argparse.Namespace) -> int:
    path = places.absolute(options.item)
    data = files.read(path, limits.PROFILE, "a configuration profile")
    return _say(runtime.call(AddProfile(data, path.name[: limits.NAME])).items, "added ", options)


def _remove(runtime: Connection, options: argparse.Namespace) -> int:
    return _say(runtime.call(RemoveProfile(options.item)).items, "removed ", options)


def _list(runtime: Connection, options: argparse.Namespace) -> int:
    return _say(runtime.call(ListProfiles()).items, "", options)


def _say(items: tuple[Profile, ...], said: str, options: argparse.Namespace) -> int:
    if options.json:
        shell.print_json(items)
        return shell.OK
    for profile in items:
        signed = f", signed by {profile.signed_by}" if profile.signed_by else ""
        print(plain(f"{said}{profile.identifier}: {profile.name} ({profile.file}){signed}"))
        for rule in () if said else rules(profile):
            print(plain(f"    {rule_words(rule)}"))
    if not items:
        print("no profile decides anything")
    return shell.OK

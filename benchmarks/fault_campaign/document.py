"""A campaign's result as text, and its place in a document.

The place is between two marks, which are comments of Markdown.
Invariant: nothing outside the marks is changed.
"""

from pathlib import Path

from benchmarks.fault_campaign.tally import Tally, machine, summary, table

BEGIN, END = "<!-- campaign -->", "<!-- /campaign -->"


def result(tally: Tally, command: str, minutes: float) -> str:
    """The command, the machine, the table and the numbers, as Markdown."""
    numbers = [f"{name} {value}" for name, value in summary(tally).items()]
    return "\n".join(
        [
            f"    {command}",
            "",
            f"{machine()}; {minutes:.1f} minutes:",
            "",
            table(tally),
            "",
            f"{', '.join(numbers[:7])};  ",
            f"{', '.join(numbers[7:])}.",
        ]
    )


def replace(document: Path, text: str) -> None:
    """Put `text` between the marks of a document.

    Raises:
        ValueError: The document has no marks.
    """
    before, begin, rest = document.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{document}: expected the marks {BEGIN} and {END}, found none")
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")

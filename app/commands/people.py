"""`ethoscribe people`: who may enter a study in the browser, and in which role."""

import sys
from typing import Annotated

import typer

from app.commands.shared import DEFAULT_STUDY, StudyOption, say, show

HELP = """Say who may enter the study in the browser: viewers, annotators, owners.

As soon as somebody is in the list, everybody signs in.

\b
Example:
  ethoscribe people add Ada --role owner -s study
  ethoscribe people list -s study
"""
Name = Annotated[str, typer.Argument(metavar="NAME", help="The person's name.")]
Role = Annotated[
    str,
    typer.Option(
        metavar="ROLE",
        help="viewer (looks), annotator (scores and corrects too) or owner (does everything).",
    ),
]
NoPassword = Annotated[
    bool, typer.Option("--no-password", help="Only a proxy says who it is (--identity-header).")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None)
    for name, command in (
        ("add", add), ("list", list_), ("role", role), ("password", password), ("remove", remove)
    ):  # fmt: skip
        group.command(name)(command)
    app.add_typer(group, name="people")


def add(
    name: Name,
    role: Role = "annotator",
    no_password: NoPassword = False,
    study: StudyOption = DEFAULT_STUDY,
) -> None:
    """Let a person in; asks for their password, or reads a line of standard input.

    \b
    Example:
      ethoscribe people add Ada --role owner -s study
      ethoscribe people add Grace --role annotator -s study < password.txt
    """
    from storage.people import add_person
    from storage.study import open_study

    hashed = None if no_password else _ask_password(name)
    with open_study(study, create=True) as opened:
        account = add_person(opened, name, role, hashed)
    say(f"{account.name} may enter as {account.role}. Everybody signs in from now on.")


def list_(study: StudyOption = DEFAULT_STUDY) -> None:
    """Print name, role and date as CSV.

    \b
    Example:
      ethoscribe people list -s study
    """
    import csv
    import io

    from storage.people import people
    from storage.study import open_study

    with open_study(study) as opened:
        everybody = people(opened)
    if not everybody:
        say("Nobody is in the list, so nobody signs in: ethoscribe people add NAME --role owner")
        return
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["name", "role", "added_at"])
    lines.writerows([one.name, one.role, one.added_at.isoformat()] for one in everybody)
    show(text.getvalue().rstrip("\n"))


def role(
    name: Name,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="viewer, annotator or owner.")],
    study: StudyOption = DEFAULT_STUDY,
) -> None:
    """Give a person another role.

    \b
    Example:
      ethoscribe people role Grace owner -s study
    """
    from storage.people import set_role
    from storage.study import open_study

    with open_study(study, write=True) as opened:
        account = set_role(opened, name, role)
    say(f"{account.name} is {account.role} now.")


def password(name: Name, study: StudyOption = DEFAULT_STUDY) -> None:
    """Give a person another password; where they are signed in with the old one, they are out.

    \b
    Example:
      ethoscribe people password Grace -s study
    """
    from storage.people import set_password
    from storage.study import open_study

    hashed = _ask_password(name)
    with open_study(study, write=True) as opened:
        account = set_password(opened, name, hashed)
    say(f"{account.name} has another password now.")


def remove(name: Name, study: StudyOption = DEFAULT_STUDY) -> None:
    """Let a person in no longer; what they scored stays.

    \b
    Example:
      ethoscribe people remove Grace -s study
    """
    from storage.people import people, remove_person
    from storage.study import open_study

    with open_study(study, write=True) as opened:
        remove_person(opened, name)
        left = people(opened)
    say(f"{name} may not enter any more.")
    if not left:
        say("Nobody is in the list now: whoever sits at this machine may do everything.")


def _ask_password(name: str) -> str:
    """The hash of a password that was typed, twice, or given as a line of standard input."""
    from app.server.accounts import hash_password

    if sys.stdin.isatty():
        given = typer.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    return hash_password(given)

"""The address of a PostgreSQL database that has a study's journal: libpq's URI, and the study's name with it."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from crossover.errors import StudyError, shown

SUFFIX = ".url"  # of the file that tells the address, in the place of the SQLite file
STUDY = "study"  # the parameter that names the schema
NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")
TAKEN = ("public", "information_schema")
VALID = "valid is postgresql://[USER@]HOST[:PORT]/DATABASE[?study=NAME]"
SECRET = re.compile("pass(word|wd|phrase)|secret|scram_", re.IGNORECASE)
_HOST = r"(\[[0-9A-Za-z:.%]+\]|[^\[\]:,@/]*)(:\d*)?"  # one of several, each with a port; none is a local socket
_URI = re.compile(rf"postgres(?:ql)?://((?:[^:@/]*@)?{_HOST}(?:,{_HOST})*/[^@/]+)")


@dataclass(frozen=True)
class Address:
    """`url`: of the database, without the study. `study`: the schema, "" where none is named."""

    url: str
    study: str

    def __str__(self) -> str:
        return f"{self.url}{'&' if '?' in self.url else '?'}{STUDY}={self.study}" if self.study else self.url


def address(text: str) -> Address:
    """Read `postgresql://[USER@]HOST[:PORT]/DATABASE[?study=NAME]`; whatever else libpq takes stays as it is written.

    Raises `StudyError`, without a password that stands there.
    """
    text = text.strip() if isinstance(text, str) else str(text)
    head, _, query = text.partition("?")
    parts = [part for part in query.split("&") if part]
    user = head.partition("://")[2].rpartition("@")[0]
    if head.startswith(("postgresql://", "postgres://")) and (":" in user or any(map(_secret, parts))):
        raise StudyError(
            "the address of a journal holds a password, which would be written down: leave it out and set PGPASSWORD, or"
            " write it into ~/.pgpass"
        )
    found = _URI.fullmatch(head)
    if found is None or not text.isprintable() or " " in text:
        raise StudyError(f"a journal's address is {shown(_discreet(text))}; {VALID}")
    studies = [unquote(part.partition("=")[2]) for part in parts if _key(part) == STUDY]
    study = studies[0] if studies else ""
    if len(studies) > 1 or (study and (NAME.fullmatch(study) is None or study in TAKEN)):
        was = " and ".join(f"study={shown(name)}" for name in studies)
        raise StudyError(f"a journal's address has {was}; valid is one name of a study there, of a-z, 0-9 and _")
    rest = "&".join(part for part in parts if _key(part) != STUDY)
    return Address(f"postgresql://{found[1]}{'?' if rest else ''}{rest}", study)


def named(text: str, folder: str) -> Address:
    """The address of a journal for a new study in a folder: with a name of its own, where it has none yet.

    Raises `StudyError`.
    """
    found = address(text)
    if found.study:
        return found
    words = re.sub(r"[^a-z0-9]+", "_", folder.lower()).strip("_")[:40]
    plain = words[:1].isalpha() and not words.startswith("pg")  # which PostgreSQL keeps for itself
    return Address(found.url, f"{'' if plain else 'study_'}{words}_{secrets.token_hex(4)}")


def read_address(path: Path) -> Address:
    """The address in a study's file. Raises `StudyError`."""
    try:
        found = address(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except StudyError as error:
        raise StudyError(f"{path}: {error}") from error
    if not found.study:
        raise StudyError(f"{path} names no study: valid is an address that ends in ?{STUDY}=NAME")
    return found


def _key(part: str) -> str:
    return unquote(part.partition("=")[0])


def _secret(part: str) -> bool:
    """Whether a parameter is a password, also that of a key's file; `passfile` and `require_auth` only say where or how."""
    return SECRET.search(_key(part)) is not None


def _discreet(text: str) -> str:
    """What is no address, without what may be a password in it."""
    text = re.sub(r"^(\w*:?/*).*@", r"\1...@", text, flags=re.DOTALL)
    if SECRET.search(unquote(text)):
        text = f"{text.partition('?')[0]}?..."
    return "..." if SECRET.search(unquote(text)) else text

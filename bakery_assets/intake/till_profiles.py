"""Till profiles: what is known of the exports of one till, as data in ``tills/*.yaml`` or in a user's own file.

A profile is recognized by columns that its exports have and others do not, its ``signature``. It names the columns by
role, which lines are no sale and what is no product. ``generic.yaml`` holds names and words of tills
in general.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.lines import require_regular
from bakery_assets.intake.till_names import plain
from bakery_assets.intake.till_values import DAY_FIRST, MONTH_FIRST

PROFILES = files("bakery_assets.intake") / "tills"
GENERIC = "generic.yaml"


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_as_list), Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProfileColumns(_Part):
    """Columns by role; ``*`` in a name stands for anything, such as a currency. Several articles are joined by ' - '.

    ``price`` is that of one unit, and ``revenue`` that of the whole line.
    """

    article: Names
    date: Name
    time: Name | None = None
    quantity: Name | None = None
    price: Name | None = None
    revenue: Name | None = None
    location: Name | None = None
    receipt: Name | None = None


class Lines(_Part):
    """Lines with one of ``values`` in ``column``, or with any value where it is ``filled``."""

    column: Name
    values: tuple[str, ...] = ()
    filled: bool = False
    what: str = "no sale"

    @model_validator(mode="after")
    def _one(self) -> "Lines":
        if bool(self.values) == self.filled:
            raise ValueError("give either values, or filled: true")
        return self


class Refunds(_Part):
    """Lines that give back what was sold; their quantity and takings count as negative, whatever their sign."""

    column: Name
    values: Annotated[tuple[str, ...], Field(min_length=1)]


class ProfileZones(_Part):
    """Time zones by the names that ``column`` has for them; others are taken as the tenant's."""

    column: Name
    zones: Mapping[str, str]

    @model_validator(mode="after")
    def _known(self) -> "ProfileZones":
        unknown = sorted(set(self.zones.values()) - available_timezones())
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is no IANA time zone")
        return self


class TillProfile(_Part):
    """How one till's exports are written.

    Attributes:
        source: where the header was seen; a file of the user may leave it out.
        header: a header of a real export.
        signature: columns that all of its exports have, and together no other till's.
        quantity_each: a line without a quantity is one piece.
        receipt_columns: columns that only the first line of a receipt gives, for all of its lines.
    """

    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]*$")]
    title: str
    source: str = ""
    header: str = ""
    signature: tuple[Name, ...] = ()
    columns: ProfileColumns
    quantity_each: bool = False
    date_order: Literal["day first", "month first"] | None = None
    date_format: str | None = None
    decimal: Literal[",", "."] | None = None
    refunds: Refunds | None = None
    left_out: tuple[Lines, ...] = ()
    not_products: tuple[Lines, ...] = ()
    receipt_columns: tuple[Name, ...] = ()
    time_zone: ProfileZones | None = None

    @model_validator(mode="after")
    def _has_quantity(self) -> "TillProfile":
        columns = self.columns
        if not (columns.quantity or self.quantity_each or (columns.price and columns.revenue)):
            raise ValueError("columns needs quantity, or price and revenue, or give quantity_each: true")
        if self.receipt_columns and not columns.receipt:
            raise ValueError("receipt_columns needs the column receipt")
        return self

    @property
    def order(self) -> str | None:
        """The order of dates, as ``till_values`` names it."""
        return {"day first": DAY_FIRST, "month first": MONTH_FIRST, None: None}[self.date_order]


class GenericWords(_Part):
    """Names of columns by role, and words that say what a line is; all as ``plain`` gives them."""

    names: Mapping[str, tuple[str, ...]]
    status_columns: frozenset[str]
    canceled: frozenset[str]
    refunds: frozenset[str]
    totals: frozenset[str]
    not_products: frozenset[str]


@cache
def generic_words() -> GenericWords:
    """What is known of tills in general."""
    return GenericWords.model_validate(yaml.safe_load((PROFILES / GENERIC).read_text("utf-8")))


@cache
def known_tills() -> tuple[TillProfile, ...]:
    """The profiles that come with the project, by name."""
    found = (each for each in PROFILES.iterdir() if each.name.endswith(".yaml") and each.name != GENERIC)
    return tuple(
        sorted((profile_from(each.read_text("utf-8"), each.name) for each in found), key=lambda each: each.name)
    )


def recognized_till(header: Sequence[str]) -> TillProfile | None:
    """The known till whose signature the header has; of several that with the longest."""
    fitting = [each for each in known_tills() if all(named(header, column) is not None for column in each.signature)]
    return max(fitting, key=lambda each: len(each.signature), default=None)


def chosen_till(name: str) -> TillProfile | None:
    """The profile of a name, or of a user's YAML file; None: ``generic``.

    Raises:
        Unreadable: there is none of that name, or the file is no profile.
    """
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        require_regular(path)
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise Unreadable(f"The till profile {path} cannot be read: {why}.") from None
        return profile_from(text, path.name)
    if name == "generic":
        return None
    found = next((each for each in known_tills() if each.name == name), None)
    if found is None:
        known = ", ".join([*(each.name for each in known_tills()), "generic"])
        raise Unreadable(f"There is no till '{name}'; known are {known}. A profile of your own is a .yaml file.")
    return found


def profile_from(text: str, file: str) -> TillProfile:
    """The profile that a YAML text holds.

    Raises:
        Unreadable: it holds none; the message says at which key, and what is expected.
    """
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Unreadable(f"The till profile {file} is no YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(read, dict):
        raise Unreadable(f"The till profile {file} must hold lines such as 'name: my-till'.")
    try:
        return TillProfile.model_validate(read)
    except ValidationError as error:
        faults = "; ".join(f"{_place(each['loc'])}{_sentence(each)}" for each in error.errors())
        raise Unreadable(f"The till profile {file} cannot be used: {faults}.") from None


def named(header: Sequence[str], name: str) -> str | None:
    """The column of the header that a profile's or an option's name means."""
    if "*" in name:
        wanted = name.casefold()
        return next((each for each in header if fnmatchcase(each.strip().casefold(), wanted)), None)
    return next((each for each in header if plain(each) == plain(name) and plain(name)), None) or next(
        (each for each in header if each.strip().casefold() == name.strip().casefold()), None
    )


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) + ": " if location else ""


def _sentence(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such key"
    if error["type"] == "missing":
        return "is missing"
    return str(error["msg"]).removeprefix("Value error, ")

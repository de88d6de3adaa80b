"""Files as they may arrive by accident or on purpose: small good ones, changed at random but by a seed.

`python -m tests.intake.fuzzing SECONDS` goes on for that long from a seed of its own (`make fuzz`: an hour) and ends at the
first input that is not answered clearly, which it keeps in a file.
"""

import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from bakery_assets.intake.faults import BadHeader, Unreadable
from bakery_assets.intake.till import TillSales
from bakery_assets.intake.till_columns import TillOptions
from bakery_assets.intake.till_dialect import detect_dialect
from resources.folder import read_folder
from tests.intake.workbooks import workbook

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
# What one small input may take. The processor's seconds count, since the machine may do other things, too; an input that
# waits without working, as a FIFO would, takes none.
LONGEST_CPU_SECONDS = 20
LONGEST_SECONDS = 300
TILLS = (
    "Datum;Artikel;Menge;Einzelpreis;Umsatz\n01.10.2025 07:10;Brötchen;10;0,45;4,50\n01.10.2025 07:12;Brötchen;-2;0,45;-0,90\n"
    "02.10.2025 08:10;Torte;1;1.234,50;1.234,50\nSumme;;9;;1.238,10\n",
    "sep=;\nBericht;;\n;;\nDate;Item;Qty\n2025-10-01;Loaf;3\n2025-10-02;Bun;4\n",
    "Date,Time,Time Zone,Category,Item,Qty,Price Point Name,Net Sales,Event Type,Location,Itemization Type\n"
    "2025-06-16,12:48:11,Eastern Time (US & Canada),None,Latte,1.0,Regular,$8.00,Payment,Shop,Physical Good\n"
    "2025-06-16,23:59:11,Pacific Time (US & Canada),None,Latte,-1.0,Regular,-$8.00,Refund,Port,Physical Good\n",
    "Name,Financial Status,Created at,Lineitem quantity,Lineitem name,Lineitem price,Cancelled at\n"
    "#1,paid,2025-09-01 09:14:00 -0400,2,Loaf,8.00,\n#1,,2025-09-01 09:14:00 -0400,1,Bun,2.00,\n"
    "#2,voided,2025-09-01 09:14:00 -0400,2,Loaf,8.00,\n",
    "date,time,ticket,article\n2021-01-02,08:38,150040,BAGUETTE\n2021-01-02,08:38,150040,PAIN\n",
)
# What people give with a file: names of columns that are there or not, formats that fit or not.
_NAMES = (
    "Item",
    "Artikel",
    "Lineitem name",
    "Qty",
    "Menge",
    "Date",
    "Datum",
    "Umsatz",
    "Net Sales",
    "none",
    "absent",
    "",
)
OPTIONS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("article", "date", "time", "quantity", "price", "revenue", "location_column", "receipt"), _NAMES),
    "delimiter": (";", ",", "tab", "|", "ab", ""), "decimal": (",", ".", "x"), "date_format": ("%d.%m.%Y", "%Y-%m-%d", "%", "%q", ""),
    "encoding": ("cp1252", "utf-16", "utf-8", "none", "rot13"), "skip": (0, 1, 7, 10_000), "quantity_each": (True,),
    "till": ("square", "shopify", "clover", "generic", "absent", "absent.yaml"),
}  # fmt: skip
FOLDER = {
    "tenants.csv": "tenant_id,name,timezone,country,currency,region,planning_time\nb,Brot,Europe/Berlin,DE,EUR,BY,05:30\n",
    "products.csv": "tenant_id,product_id,name,price,shelf_life_days\nb,rye,Rye,3.5,2\nb,bun,Bun,1,1\n",
    "sales.csv": "tenant_id,product_id,sales_date,quantity,revenue,sold_out_at,recorded_at\n"
    "b,rye,2026-03-01,10,35,16:30,2026-03-01T20:00Z\nb,bun,2026-03-01,4,,,\nb,rye,2026-03-02,11,,,\n",
    "suppliers.csv": "tenant_id,supplier_id,name,delivery_weekdays\nb,mill,Mill,\"mon,thu\"\n",
}  # fmt: skip
PIECES = (
    b"\0", b"\x1b[31m", b'"', b"'", b";", b",", b"\t", b"\n", b"\r", b"\r\n", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9", "\u202e".encode(),
    "\ud800".encode("utf-8", "surrogatepass"), b"1e999", b"-0", b"nan", b"9" * 400, b"99.99.9999", b"29.02.2025", b"0001-01-01",
    b"9999-12-31", b"=1+1", b"[red]", b"x" * 5_000, b"__row", b"__value_x", b"sep=,", b"\n" * 50, "ß".encode() * 300, b"25:61",
    b"2025-03-30 02:30", b"+9999", b"\x1f", b"\x85", "\u2028".encode(), b"none", b"Total", b"$-1.234.567,89", b"--",
)  # fmt: skip


class Hangs(BaseException):
    """An input takes too long; no error that a reader may catch."""


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The content with one to six changes."""
    for _ in range(chance.randint(1, 6)):
        at, until = sorted(chance.randrange(len(content) + 1) for _ in range(2))
        part = content[at : min(until, at + 40)]
        match chance.randrange(8):
            case 0:
                content = content[:at] + chance.choice(PIECES) + content[at:]
            case 1:
                content = content[:at] + content[at + len(part) :]
            case 2:
                content = content[:at] + part * chance.randint(2, 30) + content[at:]
            case 3:
                content = content[:at]
            case 4:
                content = content[:at] + bytes(chance.randrange(256) for _ in part) + content[at + len(part) :]
            case 5:
                old, new = chance.sample([b",", b";", b"\t", b".", b"-", b"/", b":", b'"', b"\n", b"\r"], 2)
                content = content.replace(old, new)
            case 6:
                lines = content.split(b"\n")
                chance.shuffle(lines)
                content = b"\n".join(lines)
            case _:
                content = content.decode("utf-8", "replace").encode(
                    chance.choice(["utf-16", "cp1252", "utf-16-be"]), "replace"
                )
    return content


def inputs(seed: int) -> Iterator[tuple[str, bytes, TillOptions]]:
    """Names and contents of files without an end, with options; the name says what it was."""
    chance = random.Random(seed)
    while True:
        if chance.random() < 0.6:
            suffix = chance.choice([".csv", ".csv", ".csv", ".txt", ".csv.gz", ".xlsx"])
            export = chance.choice(TILLS)
            table = [line.split(";") for line in export.split("\n")]
            content = workbook(table) if suffix == ".xlsx" and chance.random() < 0.7 else export.encode()
            changed = content if chance.random() < 0.1 else mutated(content, chance)
            yield f"till{suffix}", changed, options(chance)
        else:
            name = chance.choice(list(FOLDER))
            yield name, mutated(FOLDER[name].encode(), chance), TillOptions()


def options(chance: random.Random) -> TillOptions:
    """None in half of the cases, else one to three."""
    named = chance.sample(list(OPTIONS), chance.randint(1, 3)) if chance.random() < 0.5 else []
    return TillOptions(**{name: chance.choice(OPTIONS[name]) for name in named})


def answer(home: Path, name: str, content: bytes, given: TillOptions) -> str | None:
    """What reading the file says; None: it was read.

    Raises:
        Exception: anything but a refusal in one line, which is a fault of the reader.
        Hangs: it takes too long.
    """
    for file, good in FOLDER.items():
        (home / file).write_text(good)
    path = home / name
    path.write_bytes(content)
    try:
        with at_most(LONGEST_CPU_SECONDS, LONGEST_SECONDS):
            if name.startswith("till"):
                _read_till(path, given)
            else:
                read_folder(home, tuple(each.removesuffix(".csv") for each in FOLDER), loaded_at=NOW)
    except (Unreadable, BadHeader) as error:
        if "\n" in str(error):
            raise ValueError(f"not one line: {error!r}") from error
        return str(error)
    finally:
        path.unlink()
    return None


def _read_till(path: Path, given: TillOptions) -> None:
    sales = TillSales(detect_dialect(path, given), "b", None, "Europe/Berlin")
    hourly = sales.hourly_source()
    for source in (sales.source(), *([hourly] if hourly else [])):
        for batch in source.batches():
            assert batch.rows["product_id"].null_count() == 0
    sales.articles()
    sales.notes()


@contextmanager
def at_most(cpu_seconds: float, seconds: float) -> Iterator[None]:
    """Interrupts what takes longer, also inside of a loop in Python."""

    def give_up(number: int, frame: FrameType | None) -> None:
        raise Hangs

    timers = ((signal.SIGPROF, signal.ITIMER_PROF, cpu_seconds), (signal.SIGALRM, signal.ITIMER_REAL, seconds))
    before = [(number, signal.signal(number, give_up)) for number, _, _ in timers]
    for _, timer, limit in timers:
        signal.setitimer(timer, limit)
    try:
        yield
    finally:
        for _, timer, _ in timers:
            signal.setitimer(timer, 0)
        for number, handler in before:
            signal.signal(number, handler)


def fuzz(home: Path, seed: int, goes_on: Callable[[int], bool]) -> tuple[int, int]:
    """How many inputs were read, and how many were refused, as long as ``goes_on`` for their number.

    Raises:
        AssertionError: an input was not answered clearly; it is kept in ``home``, and the message says where.
    """
    read = refused = 0
    for number, (name, content, given) in enumerate(inputs(seed)):
        if not goes_on(number):
            break
        try:
            refusal = answer(home, name, content, given)
        except (Exception, Hangs) as error:
            kept = home / f"kept-{seed}-{number}-{name}"
            kept.write_bytes(content)
            raise AssertionError(
                f"input {number} of seed {seed} ({kept}, {given}): {type(error).__name__}: {error}"
            ) from error
        read, refused = read + (refusal is None), refused + (refusal is not None)
    return read, refused


def main(seconds: float) -> None:
    """Fuzz from a new seed."""
    seed, end = random.SystemRandom().randrange(2**32), time.monotonic() + seconds
    home = Path(tempfile.mkdtemp(prefix="bakery-fuzz-"))
    print(f"seed {seed}, in {home}")  # noqa: T201
    read, refused = fuzz(home, seed, lambda number: time.monotonic() < end)
    print(f"{read:,} inputs were read, {refused:,} refused; none failed or hung")  # noqa: T201


if __name__ == "__main__":
    main(float(sys.argv[1]))

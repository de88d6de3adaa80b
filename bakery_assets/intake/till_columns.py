"""The columns of a till's export by their roles (article, date, quantity, price, revenue), from options and names."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bakery_assets.intake.faults import Unreadable

# The more specific name comes first; a name counts as a whole, or else as a part of a longer one.
NAMES: Mapping[str, tuple[str, ...]] = {
    "article": (
        "article", "artikel", "produit", "product", "producto", "articulo", "prodotto", "articolo", "item", "produkt",
        "artikelbezeichnung", "bezeichnung", "artikelname", "designation", "libelle", "descripcion", "description",
        "unique_id", "name", "nom", "nombre",
    ),
    "date": (
        "date", "datum", "ds", "jour", "fecha", "data", "day", "tag", "datetime", "timestamp", "zeitpunkt", "dia",
        "belegdatum", "verkaufsdatum", "sales_date",
    ),
    "quantity": (
        "quantity", "menge", "qty", "quantite", "cantidad", "quantita", "anzahl", "stueck", "stuck", "units", "qte",
        "absatz", "y",
    ),
    "price": (
        "unit_price", "price", "preis", "prix", "precio", "prezzo", "einzelpreis", "prix_unitaire", "stueckpreis",
        "vk_preis",
    ),
    "revenue": (
        "revenue", "umsatz", "total", "ca", "importe", "chiffre_d_affaires", "montant", "amount", "gesamt", "betrag",
        "gesamtpreis", "sales", "turnover", "ventas", "fatturato",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class TillOptions:
    """What the user says about an export; None is detected from the file."""

    article: str | None = None
    date: str | None = None
    quantity: str | None = None
    price: str | None = None
    revenue: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    date_format: str | None = None
    encoding: str | None = None


@dataclass(frozen=True)
class TillColumns:
    """The export's columns by role. Without ``quantity`` it follows from ``revenue`` and ``price``."""

    article: str
    date: str
    quantity: str | None
    price: str | None
    revenue: str | None


def find_columns(header: Sequence[str], options: TillOptions) -> TillColumns:
    """The columns that the options name, and for the others those with a known name.

    Raises:
        Unreadable: a named column is not there, or one that is needed is not recognized.
    """
    found: dict[str, str | None] = {}
    for role in NAMES:
        wanted = getattr(options, role)
        if wanted is None:
            continue
        match = next((name for name in header if plain(name) == plain(wanted)), None)
        if match is None:
            raise Unreadable(f"There is no column '{wanted}' for --{role}; the file has: {', '.join(header)}.")
        found[role] = match
    for role, names in NAMES.items():
        if role not in found:
            free = [name for name in header if name not in found.values()]
            found[role] = _recognized(free, names)
    missing = [role for role in ("article", "date") if found[role] is None]
    if found["quantity"] is None and (found["revenue"] is None or found["price"] is None):
        missing.append("quantity")
    if missing:
        options_named = ", ".join(f"--{role} NAME" for role in missing)
        raise Unreadable(
            f"No column is recognized as {' or '.join(missing)}; the file has: {', '.join(header)}."
            f" Say which with {options_named}."
        )
    article, date = found["article"], found["date"]
    assert article is not None
    assert date is not None
    return TillColumns(article, date, found["quantity"], found["price"], found["revenue"])


def plain(name: str) -> str:
    """A column name for comparison: without accents, capitals and signs."""
    letters = unicodedata.normalize("NFKD", name.strip().casefold().replace("ü", "ue").replace("ß", "ss"))
    return re.sub(r"[^a-z0-9]+", "_", "".join(each for each in letters if not unicodedata.combining(each))).strip("_")


def _recognized(header: Sequence[str], names: Sequence[str]) -> str | None:
    for name in names:
        whole = next((column for column in header if plain(column) == name), None)
        if whole is not None:
            return whole
    for name in names:
        part = next((column for column in header if len(name) > 2 and name in plain(column).split("_")), None)
        if part is not None:
            return part
    return None

"""Names of columns and words of tills in a form in which they can be compared."""

import re
import unicodedata


def plain(name: str) -> str:
    """A column name or word for comparison: without accents, capitals and signs."""
    letters = unicodedata.normalize("NFKD", name.strip().casefold().replace("ü", "ue").replace("ß", "ss"))
    return re.sub(r"[^a-z0-9]+", "_", "".join(each for each in letters if not unicodedata.combining(each))).strip("_")

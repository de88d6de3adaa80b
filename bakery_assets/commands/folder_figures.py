"""What commands share that compute figures from a folder: where the figures go, and what of the folder was left out."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from resources.folder import Folder

SHOWN_FAULTS = 3  # of each file; they are mostly of one kind


def refuse_unwritable(path: Path, errors: Console) -> None:
    """Before anything is computed, which takes minutes.

    Raises:
        typer.Exit: the file cannot be written; the reason is printed.
    """
    if os.path.isdir(path):
        reason = "it is a folder"
    elif not os.path.isdir(path.parent):
        reason = f"there is no folder {path.parent}"
    else:
        return
    errors.print(f"{path} cannot be written: {reason}.", markup=False)
    raise typer.Exit(2)


def write_figures(figures: Mapping[str, Any], path: Path, errors: Console) -> None:
    """Figures as a JSON file.

    Raises:
        typer.Exit: it cannot be written after all; the reason is printed.
    """
    import json

    try:
        path.write_text(json.dumps(figures, indent=2, allow_nan=False) + "\n", "utf-8")
    except OSError as error:
        raise unwritable(path, error, errors) from None


def unwritable(path: Path, error: OSError, errors: Console) -> typer.Exit:
    """Print why a file cannot be written; what to raise."""
    errors.print(f"{path} cannot be written: {error.strerror}.", markup=False)
    return typer.Exit(2)


def tell_left_out(read: "Folder", errors: Console) -> None:
    """Print which columns and rows of the files were left out."""
    for file in read.files:
        if file.unknown_columns:
            errors.print(f"{file.file}: ignored columns {', '.join(file.unknown_columns)}", markup=False)
        if file.faults.height:
            errors.print(
                f"{file.file}: {file.faults.height:,} of {file.read:,} rows left out, among them", markup=False
            )
            for row, reason in file.faults.select("row_number", "reason").head(SHOWN_FAULTS).iter_rows():
                errors.print(f"  row {row}: {reason}", markup=False)

"""`make bench`: run the benchmarks, print their figures, keep them in benchmarks/results/*.json.

``python -m benchmarks NAME …`` runs some of them. Exits with code 1 when a target was missed, after all have run.
"""

import argparse
import json
import platform
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from benchmarks import (
    accuracy,
    censoring,
    deliveries,
    forecast_cost,
    procurement,
    replay,
    sharing,
    stock_ledger,
    stock_reading,
    supply,
    unchanged,
    wave,
    workers,
)
from benchmarks.targets import as_line, missed, skipped

RESULTS = Path(__file__).parent / "results"
BENCHMARKS: dict[str, Callable[[], dict[str, object]]] = {
    "wave": wave.run,
    "workers": workers.run,
    "accuracy": accuracy.run,
    "censoring": censoring.run,
    "replay": replay.run,
    "sharing": sharing.run,
    "forecast_cost": forecast_cost.run,
    "stock_ledger": stock_ledger.run,
    "stock_reading": stock_reading.run,
    "procurement": procurement.run,
    "deliveries": deliveries.run,
    "supply": supply.run,
    "unchanged": unchanged.run,
}
LIBRARIES = ("dagster", "dagster-postgres", "polars", "statsforecast", "lightgbm", "adbc-driver-postgresql")
LONGEST_LINE = 300  # characters; a longer line is a table, which its benchmark has printed and the file has


def main(names: Sequence[str]) -> int:
    """Run the named benchmarks, or all; how many targets were missed."""
    RESULTS.mkdir(exist_ok=True)
    failed = 0
    for name in names or BENCHMARKS:
        print(f"== {name}", flush=True)
        figures = BENCHMARKS[name]()
        machine = {
            "python": platform.python_version(),
            "libraries": {library: metadata.version(library) for library in LIBRARIES},
        }
        (RESULTS / f"{name}.json").write_text(json.dumps({**figures, "machine": machine}, indent=2) + "\n")
        for label, value in figures.items():
            if len(str(value)) <= LONGEST_LINE:
                print(f"{label:45} {value}", flush=True)
        for reason in skipped(figures):
            print(f"{name}: not measured, {reason}", file=sys.stderr, flush=True)
        for target in missed(figures):
            print(f"{name}: {as_line(target)}", file=sys.stderr, flush=True)
            failed += 1
    return failed


def _names(arguments: Sequence[str]) -> list[str]:
    """Names of benchmarks on the command line, or none; another word ends the program with what there is."""
    about = {name: (sys.modules[run.__module__].__doc__ or "").partition("\n")[0] for name, run in BENCHMARKS.items()}
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Run benchmarks, by default all of them, and keep their figures in benchmarks/results.",
        epilog="\n".join(f"  {name:15} {first}" for name, first in about.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}")
    chosen: list[str] = parser.parse_args(arguments).names
    unknown = [name for name in chosen if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    return chosen


if __name__ == "__main__":
    sys.exit(1 if main(_names(sys.argv[1:])) else 0)

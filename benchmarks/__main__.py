"""`make bench`: run the benchmarks, print their figures, keep them in benchmarks/results/*.json."""

import json
import platform
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from benchmarks import morning_wave

RESULTS = Path(__file__).parent / "results"
BENCHMARKS: dict[str, Callable[[], dict[str, object]]] = {"morning_wave": morning_wave.run}
LIBRARIES = ("dagster", "dagster-postgres", "polars", "statsforecast", "adbc-driver-postgresql")


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all."""
    RESULTS.mkdir(exist_ok=True)
    for name in names or BENCHMARKS:
        print(f"== {name}", flush=True)
        figures = BENCHMARKS[name]()
        machine = {
            "python": platform.python_version(),
            "libraries": {library: metadata.version(library) for library in LIBRARIES},
        }
        (RESULTS / f"{name}.json").write_text(json.dumps({**figures, "machine": machine}, indent=2) + "\n")
        for label, value in figures.items():
            print(f"{label:45} {value}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

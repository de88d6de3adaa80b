"""`make bench`: run the benchmarks, print their figures, keep them in benchmarks/results/*.json."""

import json
import platform
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from benchmarks import accuracy, censoring, forecast_cost, morning_wave

RESULTS = Path(__file__).parent / "results"
BENCHMARKS: dict[str, Callable[[], dict[str, object]]] = {
    "morning_wave": morning_wave.run,
    "accuracy": accuracy.run,
    "censoring": censoring.run,
    "forecast_cost": forecast_cost.run,
}
LIBRARIES = ("dagster", "dagster-postgres", "polars", "statsforecast", "lightgbm", "adbc-driver-postgresql")
LONGEST_LINE = 300  # characters; what is longer is a table, which its benchmark has shown and the file has


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
            if len(str(value)) <= LONGEST_LINE:
                print(f"{label:45} {value}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

"""The figures of a data set as text of at most 100 columns."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from bakery_assets.backtesting import EVENING, SYSTEM
from bakery_assets.metrics import QUANTILE_LEVELS
from benchmarks.targets import as_line

Figures = Mapping[str, Mapping[str, Any]]  # by model


def show(name: str, summary: Mapping[str, Any]) -> None:
    """Print a data set's summary of ``accuracy.summarize``."""
    print("\n".join(lines(name, summary)), flush=True)


def lines(name: str, summary: Mapping[str, Any]) -> list[str]:
    """The tables: models over all windows, each window, coverage by kind of day; then the targets."""
    pooled, windows = summary["pooled"], summary["windows"]
    ends = f"{len(windows)} {'window' if len(windows) == 1 else 'windows'}"
    return [
        f"{name}: {ends}, {pooled[SYSTEM]['coverage_by_kind']['all']['days']:,} open days",
        *_models(pooled),
        *_windows(windows),
        *_kinds(pooled[SYSTEM]["coverage_by_kind"]),
        *_pinball_by_level(pooled[SYSTEM]),
        *(_christmas(summary["christmas"]) if "christmas" in summary else ()),
        *(f"  {as_line(target)}" for target in summary["targets"]),
        "",
    ]


def show_headline(summaries: Mapping[str, Mapping[str, Any]]) -> None:
    """Print all data sets' comparison with their best baselines."""
    print("\n".join(headline(summaries)), flush=True)


def headline(summaries: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A line a data set, over all its windows: the lead over the best baseline on open days, and coverage."""
    head = f"{'lead':6} {'95%':16} {'all days':8} in 80%"
    return [
        f"{'open days of':14} {'best baseline':21} {'its':6} {'system':6} {'evening':7} {head}",
        *(_headline(name, summary["pooled"]) for name, summary in summaries.items()),
    ]


def _headline(name: str, pooled: Figures) -> str:
    best = pooled[SYSTEM]["skill"][0]
    its, system, evening = (_share(pooled[model]["wape_open"], 6) for model in (best["baseline"], SYSTEM, EVENING))
    return (
        f"{name:14} {best['baseline']:21} {its} {system} {evening}  {_lead(best['lead_open'], 6)}"
        f" {_range(best['lead_open_interval']):16} {_lead(best['lead'], 8)} {_share(pooled[SYSTEM]['coverage80'], 6)}"
    ).rstrip()


def _models(pooled: Figures) -> Iterator[str]:
    yield f"  {'':22} {'all days':15} {'open days':31} {'pinball loss':15} open days"
    yield f"  {'model':22} {'WAPE':7} {'lead':7} {'WAPE':7} {'lead':7} {'95%':15} {'':7} {'lead':7} in 80%"
    lead = {each["baseline"]: each for each in pooled[SYSTEM]["skill"]}
    for name, figures in pooled.items():
        ahead = lead.get(name, {})
        yield (
            f"  {name:22} {_share(figures['wape'])} {_lead(ahead.get('lead'))}"
            f" {_share(figures['wape_open'])} {_lead(ahead.get('lead_open'))}"
            f" {_range(ahead.get('lead_open_interval')):15}"
            f" {_share(figures['pinball_open'])} {_lead(ahead.get('lead_pinball'))} {_share(figures['coverage80'])}"
        ).rstrip()


def _windows(windows: Mapping[str, Figures]) -> Iterator[str]:
    yield (
        f"  {'open days until':16} {'origins':9} {'best baseline':22} {'its':7} {'system':7} {'evening':7}"
        f" {'in 80%':7} 95%"
    )
    for end, figures in windows.items():
        best = figures[SYSTEM]["skill"][0]["baseline"]
        origin = date.fromisoformat(end) + timedelta(days=1)
        wapes = " ".join(_share(figures[name]["wape_open"]) for name in (best, SYSTEM, EVENING))
        found = figures[SYSTEM]["coverage_by_kind"]["all"]
        yield (
            f"  {end:16} {f'{origin:%A}':9} {best:22} {wapes} {_share(found['coverage80'])}"
            f" {_range(found['coverage80_interval'])}"
        ).rstrip()


def _kinds(by_kind: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    levels = ("q10", "q50", "q80", "q90", "q95")
    yield (
        f"  {'open days':16} {'days':>7} {'in 80%':7} "
        + " ".join(f"{f'below {level}':11}" for level in levels).rstrip()
    )
    for kind, found in by_kind.items():
        shares = " ".join(f"{_between(found['levels'][level]):11}" for level in QUANTILE_LEVELS)
        yield f"  {kind.replace('_', ' '):16} {found['days']:7,} {_share(found['coverage80'])} {shares}".rstrip()


def _pinball_by_level(system: Mapping[str, Any]) -> Iterator[str]:
    own = " ".join(f"{_share(system['pinball_by_level'][level]):11}" for level in QUANTILE_LEVELS)
    yield f"  {'pinball loss':32} {own}".rstrip()
    for each in system["skill"]:
        if each["baseline"] == "AutoETS":
            ahead = " ".join(f"{_lead(each['lead_pinball_by_level'][level]):11}" for level in QUANTILE_LEVELS)
            yield f"  {'its lead over AutoETS':32} {ahead}".rstrip()


def _christmas(christmas: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {'before Christmas':22} {'22 to 24':9} forecast for the 24th, when {christmas['sold']:,.0f} sold"
    for name, figures in christmas["models"].items():
        yield f"  {name:22} {_share(figures['wape']):9} {figures['forecast']:8,.0f}"


def _share(value: float | None, width: int = 7) -> str:
    return f"{'-' if value is None else f'{value:.1%}':{width}}"


def _lead(value: float | None, width: int = 7) -> str:
    return f"{'' if value is None else f'{value:+.1%}':{width}}"


def _range(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{interval[0]:.1%} to {interval[1]:.1%}"


def _between(share: Mapping[str, float] | None) -> str:
    return "-" if share is None else f"{share['below']:.1%}–{share['at_or_below']:.1%}"

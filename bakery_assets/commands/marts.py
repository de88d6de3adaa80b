"""Building the marts by hand, through Dagster; how dbt runs is in ``assets.marts``."""


def rebuild_marts() -> None:
    """Run the job `build_marts` in this process, quietly.

    The environment must be that of ``instance.prepare``.
    """
    import contextlib
    import io

    import dagster as dg

    from bakery_assets.commands.runs import execute_here
    from bakery_assets.definitions import build_defs

    # dbt prints every model and test on standard output; Dagster stores the same with the run.
    with dg.DagsterInstance.get() as instance, contextlib.redirect_stdout(io.StringIO()):
        execute_here(instance, build_defs().resolve_job_def("build_marts"), {})

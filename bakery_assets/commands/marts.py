"""Building the marts by hand, through Dagster; how dbt runs is in ``assets.marts``."""


def rebuild_marts() -> None:
    """Run the job `build_marts` in this process, quietly.

    The environment must be that of ``instance.prepare``.
    """
    import contextlib
    import io

    import dagster as dg

    from bakery_assets.definitions import build_defs
    from bakery_assets.instance import QUIET
    from resources.run_launcher import machine_tags

    # dbt prints every model and test on standard output; Dagster stores the same with the run.
    with dg.DagsterInstance.get() as instance, contextlib.redirect_stdout(io.StringIO()):
        build_defs().resolve_job_def("build_marts").execute_in_process(
            instance=instance, run_config=QUIET, tags=machine_tags()
        )

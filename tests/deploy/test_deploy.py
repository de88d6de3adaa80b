"""What is deployed on a cluster is what runs on one machine: the image's Python, the instance, the settings."""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from bakery_assets.instance import environment
from bakery_assets.settings import PROJECT, Settings
from benchmarks.wave import GIBIBYTES
from resources.postgres import Databases

VALUES: dict[str, Any] = yaml.safe_load((PROJECT / "deploy" / "values.yaml").read_text())
INSTANCE: dict[str, Any] = yaml.safe_load((PROJECT / "deploy" / "dagster.yaml").read_text())
DOCKERFILE = (PROJECT / "deploy" / "Dockerfile").read_text()
[LOCATION] = VALUES["dagster-user-deployments"]["deployments"]
PODS = (VALUES["dagsterWebserver"], VALUES["dagsterDaemon"], LOCATION)


def test_the_images_python_is_one_that_the_project_runs_on() -> None:
    [minor] = re.findall(r"^FROM python:3\.(\d+)-slim$", DOCKERFILE, re.MULTILINE)
    wanted = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["requires-python"]
    first, beyond = (int(number) for number in re.findall(r"3\.(\d+)", wanted))
    assert first <= int(minor) < beyond


def test_the_tree_is_copied_without_what_git_ignores() -> None:
    """A secret of .env would stand in every copy of the image."""
    ignored = {line.strip("/") for line in (PROJECT / ".gitignore").read_text().split()}
    left_out = {line.removeprefix("**/") for line in (PROJECT / ".dockerignore").read_text().splitlines()[1:]}
    assert left_out == ignored | {".git"}


def test_all_pods_run_one_image_as_the_user_that_it_has() -> None:
    [uid] = re.findall(r"useradd --uid (\d+)", DOCKERFILE)
    assert re.findall(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE) == [uid]
    assert len({(pod["image"]["repository"], pod["image"]["tag"]) for pod in PODS}) == 1
    runs = VALUES["runLauncher"]["config"]["k8sRunLauncher"]["runK8sConfig"]["podSpecConfig"]["securityContext"]
    for user in (*(pod["podSecurityContext"] for pod in PODS), runs):
        assert user["runAsNonRoot"]
        assert user["runAsUser"] == int(uid)
    assert f" {VALUES['global']['dagsterHome']} " in DOCKERFILE, "the user may write into Dagster's home"


def test_the_image_has_the_tag_of_the_projects_version() -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert LOCATION["image"]["tag"] == version


def test_the_instance_is_configured_as_on_one_machine() -> None:
    given = VALUES["additionalInstanceConfig"]
    assert given["run_monitoring"].pop("max_resume_run_attempts") == 0
    assert given == {name: INSTANCE[name] for name in given}
    # All others are the chart's own values, or of one machine only.
    assert INSTANCE["telemetry"]["enabled"] is VALUES["telemetry"]["enabled"]
    assert INSTANCE["python_logs"]["python_log_level"] == VALUES["pythonLogs"]["pythonLogLevel"]
    assert set(INSTANCE) - set(given) == {"storage", "run_launcher", "code_servers", "telemetry", "python_logs"}
    # The chart would write them a second time.
    for field in ("runCoordinator", "runMonitoring", "runRetries"):
        assert not VALUES["dagsterDaemon"][field]["enabled"]


def test_every_variable_is_one_that_is_read(tmp_path: Path) -> None:
    """A setting by its field's name, and Dagster's as `bakery up` sets them."""
    defaults = {f"BAKERY_{name.upper()}": field.default for name, field in Settings.model_fields.items()}
    ours = environment(tmp_path, Databases("warehouse", "storage"), date(2026, 1, 1))
    set_here = {each["name"]: each["value"] for pod in PODS for each in pod.get("env", ())}
    for name, value in set_here.items():
        assert value == str(defaults[name]) if name in defaults else value == ours[name]
    # The chart sets Dagster's home and storage, a secret the warehouse; where the grid begins is to be chosen.
    by_others = {"DAGSTER_HOME", "BAKERY_DAGSTER_STORAGE", "BAKERY_DATABASE_URL", "BAKERY_GRID_START"}
    assert set(ours) - set(set_here) == by_others
    assert re.findall(r"BAKERY_\w+(?==)", DOCKERFILE) == ["BAKERY_HOME"]


def test_runs_have_the_settings_of_the_code_server_and_not_its_memory() -> None:
    """Dagster would let the code server's resources win over those of the launcher."""
    launcher = VALUES["runLauncher"]["config"]["k8sRunLauncher"]
    assert not LOCATION["includeConfigInLaunchedRuns"]["enabled"]
    assert launcher["envVars"] == [f"{each['name']}={each['value']}" for each in LOCATION["env"]]
    assert launcher["envSecrets"] == LOCATION["envSecrets"]
    assert launcher["resources"]["limits"] == {"memory": f"{GIBIBYTES:.0f}Gi"}


def test_dagsters_storage_is_the_database_that_migrations_make_next_to_the_warehouse() -> None:
    said = (PROJECT / "deploy" / "values.yaml").read_text()
    [(user, host, port, warehouse)] = re.findall(r"postgresql://(\w+):…@([\w.]+):(\d+)/(\w+)", said)
    assert VALUES["postgresql"] == {
        "enabled": False,
        "postgresqlHost": host,
        "postgresqlUsername": user,
        "postgresqlDatabase": f"{warehouse}_dagster",
        "service": {"port": int(port)},
    }

"""Descriptions and types in the dbt project are those of the schema."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from bakery_assets.assets.dbt_columns import UndescribedError, render
from bakery_assets.assets.dbt_project import PROJECT_DIR
from resources.schema import metadata

# Columns of marts whose values are a closed set, and the column of the schema that has the set.
CLOSED_SETS = {
    ("mart_tenant_day", "status"): "plans.planning_runs.status",
    ("mart_tenant_day", "production_status"): "plans.production_schedules.status",
    ("mart_tenant_day", "procurement_status"): "plans.procurement_plans.status",
    ("mart_tenant_day", "validation_status"): "plans.validation_runs.status",
    ("mart_forecast_accuracy", "trend"): "plans.validation_runs.trend",
    ("mart_losses", "item_kind"): "plans.stock_movements.item_kind",
}


def test_the_files_are_what_the_schema_renders() -> None:
    rendered = render()

    for path, text in rendered.items():
        assert path.read_text(encoding="utf-8") == text, "run: python -m bakery_assets.assets.dbt_columns"
    others = {path.name for path in PROJECT_DIR.glob("models/**/*.yml")} - {path.name for path in rendered}
    assert all(name.endswith("_unit_tests.yml") for name in others)
    assert len(rendered) == 2 + len(list(PROJECT_DIR.glob("models/**/*.sql")))


def test_the_schemas_words_reach_every_model_that_passes_a_column_through(monkeypatch: pytest.MonkeyPatch) -> None:
    table = metadata.tables["plans.validation_runs"]
    monkeypatch.setattr(table.columns["bias"], "comment", "Error that does not cancel out")
    monkeypatch.setattr(table.columns["plan_date"], "comment", "Date of the plan")

    files = read(render())

    assert (
        column(files["_plans__sources"], "validation_runs", "bias")["description"] == "Error that does not cancel out"
    )
    assert column(files["stg_validation_runs"], "stg_validation_runs", "bias")["description"].startswith("Error that")
    assert column(files["mart_tenant_day"], "mart_tenant_day", "bias")["description"].startswith("Error that")
    # The same figure of another table, and a column with a name of its own, have words of their own.
    accuracy = files["mart_forecast_accuracy"]
    assert column(accuracy, "mart_forecast_accuracy", "bias")["description"].startswith("Sum of errors")
    assert column(accuracy, "mart_forecast_accuracy", "validated_by_plan_date")["description"] == (
        "Date of the latest plan that validated the day"
    )


def test_a_column_that_staging_begins_to_read_is_described_by_itself(project: Path) -> None:
    rewrite(project / "models/staging/stg_findings.sql", "severity\n", "severity,\n    message\n")
    comment = metadata.tables["plans.findings"].columns["message"].comment

    files = read(render(project))

    described = {"name": "message", "data_type": "text", "description": comment}
    assert column(files["_plans__sources"], "findings", "message") == described
    assert column(files["stg_findings"], "stg_findings", "message") == described


def test_a_renamed_column_keeps_its_type_and_needs_a_description(project: Path) -> None:
    rewrite(project / "models/staging/stg_findings.sql", "cause,", "cause as reason,")

    with pytest.raises(UndescribedError, match=r"Give stg_findings\.reason a description"):
        render(project)

    rewrite(project / "models/staging/stg_findings.yml", "- name: cause", "- name: reason")
    assert column(read(render(project))["stg_findings"], "stg_findings", "reason")["data_type"] == "text"


def test_a_computed_column_needs_a_description_and_a_type(project: Path) -> None:
    rewrite(project / "models/staging/stg_findings.sql", "severity\n", "severity = 'critical' as is_critical\n")
    rewrite(
        project / "models/staging/stg_findings.yml",
        "      - name: severity\n        data_type: text\n",
        "      - name: is_critical\n",
    )

    with pytest.raises(UndescribedError, match=r"Give stg_findings\.is_critical a description and a data_type"):
        render(project)


def test_a_model_that_chooses_rows_needs_a_description_of_its_own(project: Path) -> None:
    rewrite(project / "models/staging/stg_findings.sql", "'findings') }}", "'findings') }} where severity = 'critical'")
    yml = project / "models/staging/stg_findings.yml"
    file = yaml.safe_load(yml.read_text())
    del file["models"][0]["description"]
    yml.write_text(yaml.safe_dump(file))

    with pytest.raises(UndescribedError, match="Describe stg_findings"):
        render(project)


def test_marts_accept_just_the_values_that_the_schema_lists() -> None:
    accepted = {
        (model["name"], column["name"]): test["accepted_values"]["arguments"]["values"]
        for path in PROJECT_DIR.glob("models/marts/mart_*.yml")
        for model in yaml.safe_load(path.read_text()).get("models", ())
        for column in model["columns"]
        for test in column.get("data_tests", ())
        if "accepted_values" in test
    }

    assert set(accepted) == set(CLOSED_SETS)
    for place, values in accepted.items():
        table, _, name = CLOSED_SETS[place].rpartition(".")
        comment = metadata.tables[table].columns[name].comment or ""
        assert comment.endswith(f": {', '.join(values)}"), place


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the dbt project."""
    copy = tmp_path / "dbt_models"
    shutil.copytree(PROJECT_DIR, copy, ignore=shutil.ignore_patterns("target", "logs"))
    return copy


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def read(files: dict[Path, str]) -> dict[str, Any]:
    return {path.stem: yaml.safe_load(text) for path, text in files.items()}


def column(file: dict[str, Any], relation: str, name: str) -> dict[str, Any]:
    relations = file["models"] if "models" in file else file["sources"][0]["tables"]
    [found] = [
        each for table in relations if table["name"] == relation for each in table["columns"] if each["name"] == name
    ]
    assert isinstance(found, dict)
    return found

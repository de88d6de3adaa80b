"""How dbt finds the warehouse, and when its manifest is rebuilt."""

import os
import shutil
from pathlib import Path

import pytest
import yaml

from bakery_assets.assets import dbt_project
from bakery_assets.assets.dbt_project import (
    PRICES,
    PROJECT_DIR,
    DbtError,
    build_manifest,
    dbt_environment,
    is_stale,
    price_environment,
)
from bakery_assets.settings import Settings


def test_the_embedded_server_is_reached_through_its_socket() -> None:
    assert dbt_environment("postgresql://postgres:secret@/bakery?host=%2Fhome%2Fanna%2F.bakery%2Fpostgres") == {
        "DBT_BAKERY_HOST": "/home/anna/.bakery/postgres",
        "DBT_BAKERY_PORT": "5432",
        "DBT_BAKERY_USER": "postgres",
        "DBT_ENV_SECRET_BAKERY_PASSWORD": "secret",
        "DBT_BAKERY_DBNAME": "bakery",
    }


def test_a_server_of_ones_own_is_reached_over_tcp_with_the_tls_options_of_its_url() -> None:
    url = "postgresql://planner:secret@db.example.org:6543/ovens?sslmode=verify-full&sslrootcert=/etc/ca.pem"

    assert dbt_environment(url) == {
        "DBT_BAKERY_HOST": "db.example.org",
        "DBT_BAKERY_PORT": "6543",
        "DBT_BAKERY_USER": "planner",
        "DBT_ENV_SECRET_BAKERY_PASSWORD": "secret",
        "DBT_BAKERY_DBNAME": "ovens",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/etc/ca.pem",
    }


def test_a_password_may_contain_characters_that_have_a_meaning_in_a_url() -> None:
    environment = dbt_environment("postgresql://j%40ne:p%40ss%3Aw%2Fo%3Fr%23d%25%20%7B%7B+%27%22@db/bakery")

    assert environment["DBT_BAKERY_USER"] == "j@ne"
    assert environment["DBT_ENV_SECRET_BAKERY_PASSWORD"] == "p@ss:w/o?r#d% {{+'\""


def test_parameters_in_the_query_win_as_they_do_for_libpq() -> None:
    environment = dbt_environment("postgresql://a:b@db/bakery?port=7000&user=c&password=d&dbname=ovens")

    assert [environment[f"DBT_BAKERY_{name}"] for name in ("PORT", "USER", "DBNAME")] == ["7000", "c", "ovens"]
    assert environment["DBT_ENV_SECRET_BAKERY_PASSWORD"] == "d"


def test_user_and_password_are_left_to_libpq_where_the_url_has_none() -> None:
    environment = dbt_environment("postgresql:///bakery")

    assert environment["DBT_BAKERY_HOST"] == environment["DBT_BAKERY_USER"] == ""
    assert environment["DBT_ENV_SECRET_BAKERY_PASSWORD"] == ""


def test_a_url_without_a_database_is_refused() -> None:
    with pytest.raises(ValueError, match="names no database"):
        dbt_environment("postgresql://a:b@db")


def test_the_profile_reads_just_the_variables_that_are_set() -> None:
    profile = (PROJECT_DIR / "profiles.yml").read_text()
    names = {name for name in dbt_environment("postgresql://a:b@db/bakery") if f"env_var('{name}'" in profile}

    assert names == set(dbt_environment("postgresql://a:b@db/bakery"))
    assert profile.count("env_var('") == len(names)


def test_dbt_sends_no_usage_statistics_and_needs_no_packages() -> None:
    project = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text())

    assert project["flags"]["send_anonymous_usage_stats"] is False
    assert not list(PROJECT_DIR.glob("packages.yml")) + list(PROJECT_DIR.glob("dependencies.yml"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the dbt project whose files are older than dbt, with a manifest dated in the future."""
    copy = tmp_path / "dbt_models"
    shutil.copytree(PROJECT_DIR, copy, ignore=shutil.ignore_patterns("target", "logs"))
    (copy / "target").mkdir()
    manifest = copy / "target" / "manifest.json"
    manifest.touch()
    os.utime(manifest, (4e9, 4e9))
    return copy


def test_a_manifest_newer_than_the_project_is_kept(project: Path) -> None:
    (project / "logs").mkdir()
    os.utime(project / "logs", (5e9, 5e9))
    os.utime(project / "target", (5e9, 5e9))

    assert not is_stale(project)
    build_manifest(project)
    assert (project / "target" / "manifest.json").read_bytes() == b""


@pytest.mark.parametrize("changed", ["profiles.yml", "models/marts/mart_tenant_day.sql", "models/staging"])
def test_a_change_of_the_project_makes_the_manifest_stale(project: Path, changed: str) -> None:
    os.utime(project / changed, (5e9, 5e9))

    assert is_stale(project)


def test_a_manifest_that_is_missing_is_stale(project: Path) -> None:
    (project / "target" / "manifest.json").unlink()

    assert is_stale(project)


def test_a_mistake_in_a_model_is_reported_in_dbts_own_words(project: Path) -> None:
    model = project / "models" / "marts" / "mart_tenant_day.sql"
    model.write_text("select * from {{ ref('stg_ovens') }}")
    os.utime(model, (5e9, 5e9))

    with pytest.raises(DbtError, match="depends on a node named 'stg_ovens' which was not found"):
        build_manifest(project)

    assert [path.name for path in (project / "target").iterdir()] == ["manifest.json"]


def test_a_missing_manifest_is_reported_with_the_command_that_builds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dbt_project, "MANIFEST", tmp_path / "manifest.json")

    with pytest.raises(DbtError, match=r"-m bakery_assets\.assets\.dbt_project"):
        dbt_project.read_manifest()


def test_the_mart_of_costs_reads_the_prices_of_the_settings() -> None:
    mart = (PROJECT_DIR / "models/marts/mart_planning_costs.sql").read_text(encoding="utf-8")
    given = price_environment(Settings(price_cpu_hour=0.5, price_gb_month=0.25, storage_months=3))
    assert given == {
        "DBT_BAKERY_PRICE_CPU_HOUR": "0.5",
        "DBT_BAKERY_PRICE_GB_MONTH": "0.25",
        "DBT_BAKERY_STORAGE_MONTHS": "3.0",
    }
    fields = Settings.model_fields
    for name in PRICES:
        default = f"{fields[name].default:g}"
        assert f"env_var('DBT_BAKERY_{name.upper()}', '{default}')" in mart

"""The tests of the marts need dbt's manifest, as every code location does."""

from bakery_assets.assets.dbt_project import build_manifest

build_manifest()

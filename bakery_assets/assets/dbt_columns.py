"""Columns of the dbt project's yml files, written from the schema: ``python -m bakery_assets.assets.dbt_columns``.

The command rewrites the yml files below ``dbt_models/models``; a test fails where a file differs from what it writes.
Tables and columns that models read come from ``resources.schema``, with description and type. A column that a model
passes through keeps its type and, under the same name, its description; a model that passes a table's rows through
keeps the table's description. Everything else is written by hand in the yml and kept: the other descriptions, types
of computed columns (dbt compares them with the database where a contract is enforced), tests. Comments are not kept.

Unit tests are in files of their own, which the command leaves alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from sqlglot import exp, parse_one
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from bakery_assets.assets.dbt_project import PROJECT_DIR
from resources.schema import metadata
from resources.warehouse.connection import sql_type

HEAD = "# Columns are written by: python -m bakery_assets.assets.dbt_columns\n"
WIDTH = 118
LONG = 100  # characters; a longer text gets lines of its own
# Clauses that change which rows a query has.
ROW_CLAUSES = ("distinct", "joins", "where", "group", "having", "limit")

Yml = dict[str, Any]


class UndescribedError(ValueError):
    """A column or model that has to be described by hand is not; the message names it."""


@dataclass(frozen=True)
class Column:
    """Type and meaning of a column."""

    data_type: str
    description: str


@dataclass(frozen=True)
class Relation:
    """A source table or a model, as models that read it see it."""

    description: str
    columns: Mapping[str, Column]


@dataclass(frozen=True)
class Origin:
    """The column of a table or model that a selected column is, unchanged."""

    table: str
    name: str


def render(project: Path = PROJECT_DIR) -> dict[Path, str]:
    """The yml files of sources and models, as they should be.

    Raises:
        UndescribedError: a description or a type is missing that only a person can give.
    """
    files = {path: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(project.glob("models/**/*.yml"))}
    queries = {path.stem: _query(path) for path in sorted(project.glob("models/**/*.sql"))}
    models = {model["name"]: model for file in files.values() for model in file.get("models", ())}
    known = _tables()

    def describe(name: str) -> None:
        for table in queries[name].find_all(exp.Table):
            if table.name in queries and table.name not in known:
                describe(table.name)
        models[name] = _describe_model(models[name], queries[name], known)
        known[name] = _relation(models[name])

    for name in models:
        if name not in known:
            describe(name)
    for file in files.values():
        for source in file.get("sources", ()):
            source["tables"] = _source_tables(source["schema"], queries, known)
        if "models" in file:
            file["models"] = [models[model["name"]] for model in file["models"]]
    return {path: HEAD + _dump(file) for path, file in files.items() if "models" in file or "sources" in file}


def _tables() -> dict[str, Relation]:
    """Every table of the schema, named as ``_query`` names sources."""
    return {
        f"{table.schema}__{table.name}": Relation(
            table.comment or "",
            {
                str(column.name): Column(sql_type(table, column.name).lower(), column.comment or "")
                for column in table.columns
            },
        )
        for table in metadata.sorted_tables
    }


def _query(path: Path) -> exp.Select:
    """A model's SQL without Jinja: a source is ``<schema>__<table>``, and what a macro makes is a null."""
    sql = path.read_text(encoding="utf-8")
    sql = re.sub(r"{{ source\('(\w+)', '(\w+)'\) }}", r"\1__\2", sql)
    sql = re.sub(r"{{ ref\('(\w+)'\) }}", r"\1", sql)
    return parse_one(re.sub(r"{{.*?}}", "null", sql), dialect="postgres", into=exp.Select)


def _describe_model(model: Yml, query: exp.Select, known: Mapping[str, Relation]) -> Yml:
    """The yml of a model, with what is inherited filled in."""
    schema: dict[str, object] = {
        name: {column: meaning.data_type for column, meaning in relation.columns.items()}
        for name, relation in known.items()
    }
    scope = build_scope(qualify(query.copy(), schema=schema, dialect="postgres"))
    assert scope is not None
    by_hand = {column["name"]: column for column in model.get("columns", ())}
    columns = []
    for selected in _selected(scope):
        name = selected.alias_or_name
        column = dict.fromkeys(("name", "data_type", "description")) | by_hand.get(name, {}) | {"name": name}
        origin = _origin(scope, selected)
        if origin:
            inherited = known[origin.table].columns[origin.name]
            column["data_type"] = inherited.data_type
            if name == origin.name:
                column["description"] = inherited.description
        if not column["data_type"] or not column["description"]:
            raise UndescribedError(f"Give {model['name']}.{name} a description and a data_type in its yml.")
        columns.append(column)
    description = _table_comment(scope, known) or model.get("description")
    if not description:
        raise UndescribedError(f"Describe {model['name']} in its yml.")
    return {"name": None, "description": None} | model | {"description": description, "columns": columns}


def _relation(model: Yml) -> Relation:
    columns = {each["name"]: Column(each["data_type"], each["description"]) for each in model["columns"]}
    return Relation(model["description"], columns)


def _origin(scope: Scope, selected: exp.Expr) -> Origin | None:
    """Where a selected column comes from, through common table expressions; None: it is computed."""
    column = selected.unalias()
    if not isinstance(column, exp.Column):
        return None
    source = scope.sources[column.table]
    if isinstance(source, exp.Table):
        return Origin(source.name, column.name)
    [inner] = [each for each in _selected(source) if each.alias_or_name == column.name]
    return _origin(source, inner)


def _selected(scope: Scope) -> list[exp.Expr]:
    assert isinstance(scope.expression, exp.Select), "a union's columns have no single origin"
    return list(scope.expression.selects)


def _table_comment(scope: Scope, known: Mapping[str, Relation]) -> str | None:
    """The description of the table whose rows a query passes through; None: its rows are others."""
    source = next(iter(scope.sources.values()))
    if any(scope.expression.args.get(clause) for clause in ROW_CLAUSES) or not isinstance(source, exp.Table):
        return None
    return known[source.name].description


def _source_tables(schema: str, queries: Mapping[str, exp.Select], known: Mapping[str, Relation]) -> list[Yml]:
    """The tables of a schema that models read, with the columns they read."""
    read: dict[str, set[str]] = {}
    for query in queries.values():
        for table in query.find_all(exp.Table):
            if table.name.startswith(f"{schema}__"):
                read.setdefault(table.name, set()).update(column.name for column in query.find_all(exp.Column))
    return [
        {
            "name": name.removeprefix(f"{schema}__"),
            "description": known[name].description,
            "columns": [
                {"name": column, "data_type": meaning.data_type, "description": meaning.description}
                for column, meaning in known[name].columns.items()
                if column in read[name]
            ],
        }
        for name in sorted(read)
    ]


class _Dumper(yaml.SafeDumper):
    """Writes yml as people do: lists below their key are indented, lists of names and long texts are compact."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def represent_text(self, value: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", value, style=">" if len(value) > LONG else None)

    def represent_items(self, value: list[Any]) -> yaml.SequenceNode:
        names = all(isinstance(item, str) for item in value)
        return self.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=names)


_Dumper.add_representer(str, _Dumper.represent_text)
_Dumper.add_representer(list, _Dumper.represent_items)


def _dump(file: Yml) -> str:
    return yaml.dump(file, Dumper=_Dumper, sort_keys=False, width=WIDTH, allow_unicode=True)


if __name__ == "__main__":
    for yml, text in render().items():
        yml.write_text(text, encoding="utf-8")

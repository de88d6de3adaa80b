"""Weather of before, kept current, becomes a fact: known from the end of its day; and back."""

from datetime import UTC, datetime, timedelta

from alembic import command
from sqlalchemy import text

from resources.warehouse import Warehouse
from tests.bakeries import insert
from tests.resources.test_vocabulary_migration import configured


def test_weather_counts_as_known_from_the_end_of_its_day_or_from_now_on(warehouse: Warehouse) -> None:
    insert(warehouse, tenants=[{"tenant_id": "b", "name": "B", "timezone": "Pacific/Auckland", "country": "NZ"}])
    with warehouse.engine.begin() as connection:
        command.downgrade(configured(connection), "0017")
        connection.execute(
            text("INSERT INTO ops.weather VALUES ('b', '2026-03-01', 20, 0), ('b', '2999-01-01', 21, 0)")
        )
    with warehouse.engine.begin() as connection:
        command.upgrade(configured(connection), "head")
        passed, ahead = connection.execute(text("SELECT recorded_at FROM ops.weather ORDER BY date")).scalars()
        assert passed == datetime(2026, 3, 1, 11, tzinfo=UTC)
        assert abs(ahead - datetime.now(UTC)) < timedelta(minutes=10)
        connection.execute(text("INSERT INTO ops.weather VALUES ('b', '2026-03-01', 22, 0, '2026-03-02')"))
    with warehouse.engine.begin() as connection:
        command.downgrade(configured(connection), "0017")
        rows = connection.execute(text("SELECT date::text, temperature_c FROM ops.weather ORDER BY 1")).all()
        assert [tuple(row) for row in rows] == [("2026-03-01", 22.0), ("2999-01-01", 21.0)]

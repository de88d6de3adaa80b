"""A small folder in the load format with rows of every table, and what both readers make of a folder."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from sqlalchemy import text

from bakery_assets.intake.report import LoadReport
from bakery_assets.intake.tables import RECORDED_AT
from resources.folder import Folder, read_folder
from resources.schema import ops
from resources.warehouse import Warehouse
from resources.warehouse.connection import frame_schema, selected
from resources.warehouse.intake import load_folder
from resources.warehouse.intake_tables import table_spec

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TABLES = tuple(table.name for table in ops.LOADED)

# Every column of every table; of the optional ones at least one row has a value.
WHOLE: dict[str, str] = {
    "tenants": "tenant_id,name,timezone,country,currency,region,tier,status,planning_time\n"
    "b,Brot,Europe/Berlin,DE,EUR,BE,starter,active,05:30\nc,Chatham,Pacific/Chatham,NZ,NZD,,,,\n",
    "locations": "tenant_id,location_id,name,kitchen_id,minutes_from_kitchen\nb,main,Oven street,,\n"
    "b,harbor,,main,15\n",
    "tenant_settings": "tenant_id,key,value,valid_from\nb,issuing,fifo,2026-01-01\n",
    "opening_hours": "tenant_id,location_id,weekday,opens,closes\nb,harbor,1,06:30,18:00\n",
    "products": "tenant_id,product_id,name,category,unit,price,unit_cost,salvage_value,shelf_life_days,batch_min,batch_max,"
    "batch_multiple,discontinued_on,ready_by,hold_hours,piece_weight_kg,introduced_on\n"
    "b,rye,Rye,bread,piece,3.5,1,0.5,2,5,40,5,2027-01-01,06:00,4,0.75,2026-02-01\nc,rye,Rye,,,,,,,,,,,,,,\n",
    "ingredients": "tenant_id,ingredient_id,name,unit,safety_stock,shelf_life_days,piece_weight_kg,density_kg_per_l,"
    "storage_limit,safety_stock_rule,reorder_point,order_up_to\nb,flour,Flour,kg,25,180,2.5,0.6,400,fixed,50,300\n",
    "recipes": "tenant_id,recipe_id,product_id,name,yield_quantity,yield_unit,loss_fraction,make_days\n"
    "b,dough,,Dough,10,kg,0.02,1\nb,rye,rye,,1,piece,,\n",
    "recipe_lines": "tenant_id,recipe_id,line_number,ingredient_id,component_recipe_id,quantity,unit,loss_fraction,"
    "limits_expiry\nb,dough,1,flour,,6,kg,0.01,true\nb,rye,1,,dough,1,kg,,\n",
    "suppliers": "tenant_id,supplier_id,name,currency,minimum_order_value,lead_time_days,delivery_weekdays,"
    "order_cutoff_time,reliability,lead_time_unit,working_weekdays,safety_stock_rule,order_weekdays,country,region,"
    "delivers_from,delivers_until\n"
    'b,mill,Mill,EUR,100,2,"mon,thu",17:00,0.95,working_days,"mon,tue,wed,thu",share_of_use,"mon,wed",DE,BE,06:00,09:30\n',
    "supplier_items": "tenant_id,supplier_id,ingredient_id,price,pack_size,minimum_quantity,lead_time_days,"
    "maximum_quantity\nb,mill,flour,0.8,25,50,3,500\n",
    "exchange_rates": "tenant_id,currency,date,rate,recorded_at\nb,CHF,2026-03-01,1.07,\n",
    "equipment": "tenant_id,equipment_id,name,kind,capacity\nb,o1,Oven,oven,60\n",
    "shifts": "tenant_id,shift_id,weekday,starts_at,ends_at,staff\nb,early,1,03:00,11:00,2\n",
    "production_steps": "tenant_id,recipe_id,step_number,name,equipment_kind,duration_minutes\nb,rye,1,Bake,oven,45\n",
    "calendar": "tenant_id,date,kind,product_id,name,opens,closes\nb,2026-03-02,promotion,rye,Rye day,,\n"
    "b,2026-03-03,event,,Fair,08:00,14:00\n",
    "weather": "tenant_id,date,temperature_c,rain_mm,recorded_at\nb,2026-03-01,8.5,2,\n",
    "quality_templates": "tenant_id,template_id,product_id,name,lower_limit,upper_limit\nb,q1,rye,Weight,0.9,1.1\n",
    "sales": "tenant_id,product_id,sales_date,location_id,quantity,revenue,sold_out_at,recorded_at\n"
    "b,rye,2026-03-01,main,10,35,16:30,2026-03-01T20:00Z\nc,rye,2026-03-01,,4,,,\n",
    "sales_hourly": "tenant_id,product_id,sales_date,hour,location_id,quantity,in_stock,recorded_at\n"
    "b,rye,2026-03-01,9,harbor,3,0.5,\n",
    "customer_orders": "tenant_id,order_id,product_id,due_date,quantity,ordered_at,recorded_at\n"
    "b,1,rye,2026-03-05,3,2026-03-02 09:00,\n",
    "stock_lots": "tenant_id,lot_id,product_id,ingredient_id,recipe_id,location_id,quantity,expires_on,recorded_at,"
    "counted_at\nb,l1,,flour,,main,25,2026-08-01,,2026-03-02 04:30\nb,,rye,,,,3,,2026-03-02T04:00+01:00,\n"
    "b,l3,,,dough,,5,,,\n",
    "purchase_orders": "tenant_id,order_id,ingredient_id,supplier_id,quantity,expected_from,expected_to,ordered_at,"
    "recorded_at,unit_price,currency,proposed_on,plan_version,requirement_number\n"
    "b,p1,flour,mill,50,2026-03-04 06:00,2026-03-04 10:00,2026-03-02 08:00,,0.8,EUR,2026-03-02,1,R001\n",
    "order_events": "tenant_id,order_id,event,how,who,happened_at,recorded_at\nb,p1,sent,phone,Ada,2026-03-02 08:05,\n",
    "stock_receipts": "tenant_id,receipt_id,lot_id,ingredient_id,order_id,location_id,quantity,expires_on,received_at,"
    "recorded_at,state,rejected_quantity,complaint\n"
    "b,r1,l1,flour,p1,,50,2026-09-01,2026-03-04 07:00,,confirmed,2.5,wet bag\n",
    "supplier_returns": "tenant_id,return_id,lot_id,ingredient_id,order_id,location_id,quantity,reason,returned_at,"
    "recorded_at\nb,back,l1,flour,p1,,5,moldy,2026-03-05 08:00,\n",
    "waste": "tenant_id,waste_id,product_id,ingredient_id,lot_id,location_id,waste_date,quantity,reason,recorded_at,"
    "wasted_at,recipe_id\nb,w1,rye,,,,2026-03-01,2,stale,,,\nb,w2,,flour,l1,,2026-03-01,1,,,2026-03-01 11:15,\n"
    "b,w3,,,l3,,2026-03-01,1,sour,,,dough\n",
    "transfers": "tenant_id,transfer_id,from_location_id,to_location_id,product_id,ingredient_id,lot_id,quantity,"
    "transferred_at,recorded_at\nb,t1,main,main,rye,,l2,3,2026-03-02 07:00,\nb,t2,main,main,,flour,,1,2026-03-02 07:00,\n",
    "batch_events": "tenant_id,plan_date,batch_number,event,quantity,happened_at,who,recorded_at,product_id,"
    "wasted_quantity,reason\nb,2026-03-02,7,finished,40,2026-03-02 06:10,Ada,,rye,2,burnt\n",
    "batch_consumption": "tenant_id,plan_date,batch_number,ingredient_id,recipe_id,lot_id,quantity,recorded_at\n"
    "b,2026-03-02,7,flour,,l1,12,\nb,2026-03-02,7,,dough,,3,\n",
    "quality_checks": "tenant_id,check_id,template_id,batch_number,value,result,checked_at,recorded_at\n"
    "b,k1,q1,7,1.02,passed,2026-03-02 06:30,\n",
    "plan_decisions": "tenant_id,decision_id,plan_date,plan,decision,reason,who,recorded_at,version,proposal_number,"
    "requirement_number,batch_number,quantity,supplier_id,deliver_on\n"
    "b,d1,2026-03-02,procurement_plans,approve,fits,Ada,,1,P01,,,,,\n"
    "b,d2,2026-03-02,procurement_plans,change,,Ada,,,,R001,,50,mill,2026-03-05\n"
    "b,d3,2026-03-02,production_schedules,cancel,,Ada,,,,,7,,,\n",
    "forecast_overrides": "tenant_id,override_id,product_id,target_date,quantity,factor,reason,who,recorded_at\n"
    "b,v1,rye,2026-03-06,,1.5,fair,Ada,\nb,v2,rye,2026-03-07,40,,fair,Ada,\n",
    "alert_acknowledgements": "tenant_id,alert_id,who,note,recorded_at\nb,over_capacity@2026-03-02,Ada,seen,\n",
    "equipment_events": "tenant_id,equipment_id,event,happened_at,note,recorded_at\nb,o1,down,2026-03-02 05:00,fuse,\n",
}


def write_folder(home: Path, files: Mapping[str, str]) -> Path:
    """A new folder in ``home`` with a CSV file for each table; ``sales.parquet`` and the like are written as such."""
    folder = home / f"folder{len(list(home.iterdir()))}"
    folder.mkdir()
    for name, content in files.items():
        if name.endswith(".parquet"):
            pl.read_csv(content.encode(), infer_schema=False).write_parquet(folder / name)
        else:
            (folder / f"{name}.csv").write_text(content)
    return folder


def read_both(warehouse: Warehouse, folder: Path) -> tuple[Folder, dict[str, pl.DataFrame], LoadReport]:
    """The folder by the reader without a warehouse, and what a load of it leaves in an emptied warehouse."""
    with warehouse.engine.begin() as connection:
        connection.execute(text("TRUNCATE ops.tenants, ops.quarantine CASCADE"))
    report = load_folder(warehouse, folder, now=NOW)
    return read_folder(folder, TABLES, loaded_at=NOW), {name: stored(warehouse, name) for name in TABLES}, report


def stored(warehouse: Warehouse, name: str) -> pl.DataFrame:
    """The table as a plan reads it: of a fact the latest record."""
    table = next(each for each in ops.LOADED if each.name == name)
    spec = table_spec(table)
    query = f"SELECT {selected(table)} FROM {table.fullname} t"
    if RECORDED_AT in spec.key:
        subject = ", ".join(f"t.{each}" for each in spec.subject)
        columns = selected(table)
        query = (
            f"SELECT DISTINCT ON ({subject}) {columns} FROM {table.fullname} t ORDER BY {subject}, t.recorded_at DESC"
        )
    with warehouse.bulk() as bulk:
        found = bulk.read(query)
    return found.cast(frame_schema(table)).sort(spec.key, nulls_last=False)

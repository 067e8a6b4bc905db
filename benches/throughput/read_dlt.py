"""Reads all customers of the peer with dlt's rest_api source: `read_dlt.py URL DIR duckdb|bulk|each`. Into DuckDB, or by a
destination of its own that posts batches of 500 to the peer's bulk operation, or each record by itself. Prints the number of rows
loaded."""

import os
import sys

url, work, where = sys.argv[1:4]
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("RUNTIME__LOG_LEVEL", "ERROR")
os.environ["DLT_DATA_DIR"] = work

import dlt  # noqa: E402
from dlt.sources.helpers import requests  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402

source = rest_api_source(
    {
        "client": {
            "base_url": url,
            "paginator": {"type": "cursor", "cursor_path": "next_cursor", "cursor_param": "cursor"},
        },
        "resources": [
            {
                "name": "customers",
                "primary_key": "id",
                "write_disposition": "append",
                "endpoint": {"path": "v1/customers", "params": {"limit": 500}, "data_selector": "data"},
            }
        ],
    }
)


def contact(item):
    first, _, last = item["name"].partition(" ")
    return {
        "external_id": item["id"],
        "email": item["email"].strip().lower(),
        "first_name": first,
        "last_name": last,
        "balance": f"{item['balance'] / 100:.2f}",
        "stage": {"active": "customer", "trialing": "lead", "canceled": "churned"}[item["status"]],
    }


@dlt.destination(batch_size=500, name="crm")
def bulk(items, table):
    requests.post(f"{url}/v1/contacts/bulk", json={"contacts": [contact(i) for i in items]}).raise_for_status()


@dlt.destination(batch_size=500, name="crm")
def each(items, table):
    for item in items:
        key = {"Idempotency-Key": f"contacts-{item['id']}"}
        requests.post(f"{url}/v1/contacts", json=contact(item), headers=key).raise_for_status()


destinations = {"bulk": bulk, "each": each, "duckdb": dlt.destinations.duckdb(os.path.join(work, "bench.duckdb"))}
destination = destinations[where]
pipeline = dlt.pipeline("bench_" + where, destination=destination, dataset_name="loaded", pipelines_dir=work)
pipeline.run(source)
print(sum(pipeline.last_trace.last_normalize_info.row_counts.get("customers", 0) for _ in [0]))

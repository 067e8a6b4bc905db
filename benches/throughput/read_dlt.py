"""Reads all customers of the peer with dlt's rest_api source: `read_dlt.py URL DIR duckdb|http`. Into DuckDB, or by a
destination of its own that posts batches of 500 to the peer's bulk operation. Prints the number of rows loaded."""

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


@dlt.destination(batch_size=500, name="crm")
def crm(items, table):
    contacts = []
    for item in items:
        first, _, last = item["name"].partition(" ")
        contacts.append(
            {
                "external_id": item["id"],
                "email": item["email"].strip().lower(),
                "first_name": first,
                "last_name": last,
                "balance": f"{item['balance'] / 100:.2f}",
                "stage": {"active": "customer", "trialing": "lead", "canceled": "churned"}[item["status"]],
            }
        )
    requests.post(f"{url}/v1/contacts/bulk", json={"contacts": contacts}).raise_for_status()


destination = crm if where == "http" else dlt.destinations.duckdb(os.path.join(work, "bench.duckdb"))
pipeline = dlt.pipeline("bench_" + where, destination=destination, dataset_name="loaded", pipelines_dir=work)
pipeline.run(source)
print(sum(pipeline.last_trace.last_normalize_info.row_counts.get("customers", 0) for _ in [0]))

"""Payments become entries by dlt alone, as its documentation sets such a pipeline up: the `rest_api` source, an incremental cursor,
a destination of its own that posts each record under an idempotency key, and dlt's own retrying client. It is drilled like any
program (`drilled.py`); no case is handled beside what dlt handles.

What `drill --command` tells a program is read from the environment: where the systems are, their credentials, STATE_DIR. A
record that does not fit goes to DEAD_LETTER_FILE and the others go on, which is ours and not dlt's: without it each record that is
spoilt would stop the pipeline for good.
"""

import datetime
import decimal
import json
import os
import sys

STATE = os.environ["STATE_DIR"]
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("RUNTIME__LOG_LEVEL", "CRITICAL")
os.environ["DLT_DATA_DIR"] = STATE
# The timeout of the contract, for what is written; a minute is what dlt waits otherwise, for each of its attempts.
os.environ.setdefault("RUNTIME__REQUEST_TIMEOUT", "15")

import dlt  # noqa: E402
from dlt.sources.helpers import requests  # noqa: E402
from dlt.sources.helpers.rest_client.paginators import BasePaginator  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402

PLACES = {"chf": 2, "eur": 2, "gbp": 2, "jpy": 0, "kwd": 3, "usd": 2}
KINDS = {"charge": "sale", "refund": "refund", "dispute": "chargeback", "payout": "payout"}


class AfterTheLast(BasePaginator):
    """The next page starts after the id of the last payment, until has_more is false."""

    def update_state(self, response, data=None):
        self.after = data[-1].get("id") if data else None
        self._has_next_page = bool(response.json().get("has_more")) and self.after is not None

    def update_request(self, request):
        request.params = {**(request.params or {}), "starting_after": self.after}


def entry(payment):
    description = payment.get("description")
    places = PLACES[payment["currency"]]
    if not all(isinstance(payment[name], int) for name in ("amount", "created")):
        raise ValueError("amount and created are whole numbers")
    return {
        "account": "assets:payline",
        "amount": str(decimal.Decimal(int(payment["amount"])).scaleb(-places)),
        "currency": payment["currency"].upper(),
        "kind": KINDS[payment["kind"]],
        "booked_at": datetime.datetime.fromtimestamp(payment["created"], datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "external_id": payment["id"],
        "reference": f"{payment['kind']}/{payment['id']}",
        "memo": "(no description)" if description is None else description.strip()[:140],
    }


def filed():
    letters = os.environ["DEAD_LETTER_FILE"]
    return os.path.getsize(letters) if os.path.exists(letters) else 0


def bury(payment, because):
    with open(os.environ["DEAD_LETTER_FILE"], "a") as file:
        file.write(json.dumps({"key": payment.get("id"), "reason": because}) + "\n")


# Without a limit to the nesting, dlt would make tables of what is nested, and the destination would have rows of those as well.
@dlt.destination(batch_size=1, name="ledgerly", max_table_nesting=0, skip_dlt_columns_and_tables=True)
def ledgerly(items, table):
    for payment in items:
        try:
            body = entry(payment)
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            bury(payment, f"it does not fit: {type(error).__name__}")
            continue
        headers = {"X-Ledgerly-Key": os.environ["LEDGERLY_KEY"], "Idempotency-Key": f"entries-{payment['id']}"}
        try:
            # It raises by itself for 4xx and 5xx, after its own attempts.
            requests.post(f"{os.environ['LEDGERLY_BASE_URL']}/entries", json=body, headers=headers)
        except requests.HTTPError as error:
            if error.response is None or error.response.status_code not in (400, 404, 422):
                raise
            bury(payment, f"refused with {error.response.status_code}")


source = rest_api_source(
    {
        "client": {
            "base_url": os.environ["PAYLINE_BASE_URL"],
            "auth": {"type": "bearer", "token": os.environ["PAYLINE_KEY"]},
            "headers": {"Payline-Version": "2026-09-01"},
            "paginator": AfterTheLast(),
            # dlt's retrying client, with the timeout of the contract: the reader makes one of its own otherwise, and waits a minute.
            "session": requests.Client(request_timeout=15, raise_for_status=False).session,
        },
        "resources": [
            {
                "name": "payments",
                "primary_key": "id",
                "write_disposition": "append",
                "endpoint": {
                    "path": "v1/payments",
                    "params": {
                        "limit": int(os.environ.get("PAGE_SIZE", "100")),
                        "created[gte]": {"type": "incremental", "cursor_path": "created", "initial_value": 0},
                    },
                    "data_selector": "data",
                },
            }
        ],
    }
)
pipeline = dlt.pipeline("payments_to_ledger", destination=ledgerly, pipelines_dir=os.path.join(STATE, "pipelines"))
before = filed()
# What an earlier run had extracted and not loaded is loaded first; a run that finds such data does nothing else.
pipeline.activate()
if pipeline.has_pending_data:
    pipeline.run()
pipeline.run(source)
sys.exit(2 if filed() > before else 0)

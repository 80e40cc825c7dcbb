"""Opens many rows at once, each as tools/open-row opens one.

    open_rows.py asked < rows     prints what `aws kms decrypt` takes for each
    open_rows.py opened < rows    prints the share of each, by its data key

Rows are a JSON list of kind, client, item and data key; so is what is printed.
"""

import base64
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools/open-row"))
import open_row


def asked(row, _):
    return {"wrapped": base64.b64encode(row.envelope.wrapped_key).decode(), "context": open_row.context(row.slot)}


def opened(row, data_key):
    return open_row.open_row(row, base64.b64decode(data_key))


answer = {"asked": asked, "opened": opened}[sys.argv[1]]
print(json.dumps([answer(open_row.row_of(kind, client, item), key) for kind, client, item, key in json.load(sys.stdin)]))

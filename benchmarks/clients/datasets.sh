#!/usr/bin/env bash
# datasets.load_dataset on the Parquet file and on the JSON lines.
. "$(dirname "$0")/venv.sh"

client datasets 3.12 datasets pyarrow
HF_HOME=$out "$bin/python" - "$dataset" <<'P'
import sys
from pathlib import Path
from datasets import load_dataset

folder = Path(sys.argv[1])
for kind, found in (("parquet", list(folder.glob("data/*.parquet"))), ("json", [folder / "dataset.jsonl"])):
    if not found:
        print(f"datasets         {kind}: there is none")
        continue
    rows = load_dataset(kind, data_files=[str(path) for path in found], split="train")
    assert rows[0]["FAIL_TO_PASS"], rows[0]["instance_id"]
    print(f"datasets         {kind}: {len(rows)} rows, {len(rows.features)} columns")
P

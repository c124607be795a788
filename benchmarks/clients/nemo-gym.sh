#!/usr/bin/env bash
# NeMo Gym's verification on rows as SWE-rebench has them, at library level: gold resolved, empty not.
. "$(dirname "$0")/venv.sh"

client nemo-gym 3.13 'nemo-gym>=0.7' --python-version 3.13.14
"$bin/python" "$here/modules/nemo_gym_rows.py" "$dataset"

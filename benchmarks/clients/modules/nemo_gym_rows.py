"""Every row twice through NeMo Gym's SWE-rebench verification in its Docker sandbox: gold patch and none.

The upstream log parsers are fetched by NeMo Gym when a server starts; here pytest's summary lines are read.
"""

import asyncio
import json
import re
import sys
from pathlib import Path

from nemo_gym.sandbox import AsyncSandbox, SandboxSpec
from resources_servers.swe_rebench.verification import (
    VerificationInputs,
    run_verification,
    verification_files,
)

LINE = re.compile(r"^(PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) (.+?)(?: - .*)?$", re.MULTILINE)


def parsed(log: str) -> dict[str, str]:
    return {name: word for word, name in LINE.findall(log)}


async def verified(row: dict[str, str], patch: str) -> str:
    modules = json.loads(row["reward_spec"])["test_modules"]
    inputs = VerificationInputs(
        instance_id=row["instance_id"],
        repo=row["repo"],
        base_commit=row["base_commit"],
        patch=patch,
        test_patch=row["test_patch"],
        test_cmd=[" ".join([row["install_config"]["test_cmd"], "-rfEsxXp -p no:cacheprovider", *modules])],
        fail_to_pass=json.loads(row["FAIL_TO_PASS"]),
        pass_to_pass=json.loads(row["PASS_TO_PASS"]),
    )
    spec = SandboxSpec(image=row["image_name"], files=verification_files(inputs))
    sandbox = AsyncSandbox({"docker": {}}, spec)
    await sandbox.start()
    try:
        found = await run_verification(sandbox, inputs, parsed, timeout_s=900)
    finally:
        await sandbox.stop()
    return (
        f"completed {found.completed}, resolved {found.resolved}{', ' + found.error if found.error else ''}"
    )


async def main() -> None:
    for line in Path(sys.argv[1], "dataset.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for kind, patch in (("gold", row["patch"]), ("empty", "")):
            print(f"nemo-gym         {row['instance_id']}: {kind} {await verified(row, patch)}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())

"""A harness of verifiers that installs nothing: its loop is a small program that any image's Python runs.

verifiers' own harnesses fetch their packages inside the container, which takes an index and a network there.
"""

from pathlib import Path

from verifiers.v1.configs.harness import HarnessConfig
from verifiers.v1.harness import Harness
from verifiers.v1.runtimes import ProgramResult

PROGRAM = Path(__file__).with_name("bash_loop_inside.py").read_bytes()
PYTHON = """
for python in /opt/python/*/bin/python3 /usr/bin/python3 /opt/env/bin/python; do
    [ -x "$python" ] && exec "$python" -I "$@"
done
echo "this image has no Python" >&2
exit 127
"""


class BashLoop(Harness[HarnessConfig]):
    """Asks the model and runs what it says until it says no more."""

    async def launch(self, ctx, trace, runtime, endpoint, secret, mcp_urls, data) -> ProgramResult:  # type: ignore[no-untyped-def]
        _, prompt = self.resolve_text_prompt(data)
        folder = f"/tmp/bash-loop-{trace.id}"
        await runtime.write(f"{folder}/program.py", PROGRAM)
        await runtime.write(f"{folder}/prompt", (prompt or "").encode())
        words = [f"{folder}/program.py", f"{folder}/prompt", endpoint, secret, ctx.model]
        return await runtime.run_program(["bash", "-c", PYTHON, "bash-loop", *words], {})


__all__ = ["BashLoop"]

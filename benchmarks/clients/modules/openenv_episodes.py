"""Serves a dataset as OpenEnv does and plays every task twice through OpenEnv's own client."""

import asyncio
import sys
import threading
import time

import uvicorn
from openenv.core.generic_client import GenericEnvClient

from envfactory import Dataset, EnvironmentPool
from envfactory.adapters.openenv import make_app

SECONDS = 900.0
"""What one message may take; the client's own patience is a minute."""


async def play(url: str, instance_id: str, patch: str) -> None:
    async with GenericEnvClient(base_url=url, message_timeout_s=SECONDS) as client:
        await client.reset(instance_id=instance_id)
        if patch:
            await client.step({"apply": patch})
        done = await client.step({"submit": True})
        print(
            f"openenv          {instance_id}: {'gold' if patch else 'empty'} {done.reward}, done {done.done}"
        )


async def play_all(url: str, dataset: Dataset) -> None:
    patches = [(task.instance_id, patch) for task in dataset for patch in (task.gold_patch, "")]
    await asyncio.gather(*(play(url, instance_id, patch) for instance_id, patch in patches))


def main() -> None:
    dataset = Dataset(sys.argv[1])
    with EnvironmentPool(dataset, size=2 * len(dataset), warm=2) as pool:
        server = uvicorn.Server(uvicorn.Config(make_app(pool), port=0, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.1)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            asyncio.run(play_all(f"http://127.0.0.1:{port}", dataset))
        finally:
            server.should_exit = True
            thread.join()


if __name__ == "__main__":
    main()

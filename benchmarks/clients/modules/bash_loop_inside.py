"""The loop of an agent with one tool: standard library only, and the syntax of Python 3.6."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

BASH = {
    "type": "function",
    "function": {
        "name": "bash",
        "description": "Run a command line.",
        "parameters": {
            "type": "object",
            "properties": {"command": {"type": "string"}},
            "required": ["command"],
        },
    },
}


def asked(endpoint, secret, body):
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + secret}
    request = urllib.request.Request(endpoint + "/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.loads(answer.read().decode())["choices"][0]["message"]


def done(call):
    command = json.loads(call["function"]["arguments"])["command"]
    process = subprocess.Popen(
        ["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )
    output = process.communicate()[0].decode("utf-8", "replace")
    content = f"{output[-20000:]}\nexit code {process.returncode}"
    return {"role": "tool", "tool_call_id": call["id"], "content": content}


def main():
    path, endpoint, secret, model = sys.argv[1:]
    messages = [{"role": "user", "content": Path(path).read_text(encoding="utf-8")}]
    while True:
        message = asked(endpoint, secret, {"model": model, "messages": messages, "tools": [BASH]})
        messages.append(message)
        if not message.get("tool_calls"):
            return
        messages.extend(done(call) for call in message["tool_calls"])


if __name__ == "__main__":
    main()

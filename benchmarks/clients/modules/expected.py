"""Tells the verdicts on standard input; exit code 1 unless gold, and nothing else, is resolved."""

import json
import sys


def main() -> None:
    lines = [json.loads(line) for line in sys.stdin]
    for line in lines:
        verdict = {True: "resolved", False: "not resolved", None: "no verdict"}[line["resolved"]]
        told = f"{line['instance_id']}: {line['kind']} {verdict} {line['detail']}".rstrip()
        print(f"{sys.argv[1]:<16} {told}")
    sys.exit(not lines or any(line["resolved"] != (line["kind"] == "gold") for line in lines))


if __name__ == "__main__":
    main()

"""Runs every benchmark in a process of its own; the last line is one JSON object with the figures of all."""

import json
import subprocess
import sys

NAMES = ("cold_start", "question", "search", "allowance", "cost", "discord", "slack", "small_key", "scale", "million")


def main() -> int:
    found, failed = {}, 0
    for name in NAMES:
        run = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], stdout=subprocess.PIPE, encoding="utf-8", check=False)  # noqa: S603
        failed |= run.returncode
        lines = run.stdout.splitlines()
        print("\n".join(lines[:-1]), flush=True)
        if not run.returncode:
            found[name] = json.loads(lines[-1])
    print(json.dumps(found, ensure_ascii=False))
    return failed


if __name__ == "__main__":
    sys.exit(main())

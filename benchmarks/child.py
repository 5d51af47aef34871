"""Runs one command and prints its exit code, seconds and peak memory as JSON.

A process of its own, started with `-I -S`: the kernel counts the parent's memory at the fork as the child's, so the parent
must be smaller than whatever is measured.
"""

import json
import os
import subprocess
import sys
import time


def main() -> None:
    start = time.perf_counter()
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603
    if sys.platform == "win32":
        code, peak = child.wait(), None
    else:
        _, status, used = os.wait4(child.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        child.returncode = code
        peak = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)  # bytes on macOS, KiB elsewhere
    print(json.dumps({"code": code, "seconds": time.perf_counter() - start, "peak_mb": peak}))


main()

"""What the action runs: its inputs are split as a shell splits words, but nothing in them is run or expanded."""

import os
import shlex
import sys

from paramcalc.cli import run


def main() -> int:
    """The exit code of `paramcalc check`."""
    try:
        files, arguments = (shlex.split(os.environ[name]) for name in ("FILES", "ARGUMENTS"))
    except ValueError as error:
        print(f"::error title=paramcalc::the inputs of the action cannot be split into words: {error}")
        return 2
    return run(["check", "--format", "github", *arguments, "--", *files])


if __name__ == "__main__":
    sys.exit(main())

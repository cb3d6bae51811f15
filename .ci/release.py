"""What a release needs to know: whether a tag may be released, what its notes are, and which tags it moves.

python .ci/release.py check v0.2.0       exit 1 with every reason why it may not be released
python .ci/release.py notes v0.2.0       its section of the changelog
git tag | python .ci/release.py moved v0.2.0       the tags that move to it, such as v0 and v0.2
"""

import re
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = re.compile(r"v(?P<version>(?P<major>0|[1-9]\d*)\.(?P<minor>0|[1-9]\d*)\.(?P<patch>0|[1-9]\d*)(?P<rc>rc\d+)?)")
PLACEHOLDER = "OWNER/paramcalc"
"""What stands in snippets for an address that nobody knows before the project has a home."""


def section(version: str) -> tuple[str, str] | None:
    """(what stands behind the version, the text) of its section in the changelog."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(rf"^## \[{re.escape(version)}\](?P<date>.*)\n(?P<text>(?:(?!## \[).*\n?)*)", text, re.MULTILINE)
    return (found["date"].removeprefix(" - ").strip(), found["text"].strip()) if found else None


def package_version() -> str:
    """The version that the package says it has."""
    text = (ROOT / "paramcalc" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.*)"$', text, re.MULTILINE)
    return found[1] if found else ""


def reasons(tag: str) -> Iterable[str]:
    """Every reason why the tag may not be released."""
    parsed = VERSION.fullmatch(tag)
    if parsed is None:
        yield f"'{tag}' is no version, such as v0.2.0 or v0.2.0rc1"
        return
    version = parsed["version"]
    if version != package_version():
        yield f"paramcalc/__init__.py says {package_version()}, not {version}"
    found = section(version.removesuffix(parsed["rc"] or ""))
    if found is None:
        yield f"CHANGELOG.md has no section '## [{version}] - YYYY-MM-DD'"
    elif not found[1]:
        yield f"the section of {version} in CHANGELOG.md is empty"
    elif not parsed["rc"] and not is_date(found[0]):
        yield f"the section of {version} in CHANGELOG.md has '{found[0]}' where its date must be"
    for path in (ROOT / "README.md", *sorted((ROOT / "paramcalc" / "guide").glob("*.md"))):
        if PLACEHOLDER in path.read_text(encoding="utf-8"):
            yield f"{path.relative_to(ROOT)} still says {PLACEHOLDER}"


def is_date(text: str) -> bool:
    """Whether this is a day, as ISO 8601 writes it."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def moved(tag: str, existing: Iterable[str]) -> list[str]:
    """The tags that are to point to this release: `v0` and `v0.2` of v0.2.3, unless a later one has them.

    A release candidate moves none: whoever names `v0` wants what is finished.
    """
    parsed = VERSION.fullmatch(tag)
    if parsed is None or parsed["rc"]:
        return []
    finished = [other for other in map(VERSION.fullmatch, existing) if other and not other["rc"]]
    families = {"v{major}": ("major",), "v{major}.{minor}": ("major", "minor")}
    found = []
    for name, parts in families.items():
        same = [other for other in finished if all(other[part] == parsed[part] for part in parts)]
        if all(number(other) <= number(parsed) for other in same):
            found.append(name.format(**parsed.groupdict()))
    return found


def number(version: re.Match[str]) -> tuple[int, ...]:
    """What versions are sorted by."""
    return tuple(int(version[part]) for part in ("major", "minor", "patch"))


def check(tag: str) -> int:
    """Print why a tag may not be released."""
    found = list(reasons(tag))
    for reason in found:
        print(f"::error title=release::{reason}")
    return 1 if found else 0


def notes(tag: str) -> int:
    """Print the section of a version; a candidate has that of the version that it is for."""
    parsed = VERSION.fullmatch(tag)
    found = section(parsed["version"].removesuffix(parsed["rc"] or "")) if parsed else None
    print(found[1] if found else "")
    return 0 if found else 1


def show_moved(tag: str) -> int:
    """Print the tags to move; those that there are come from standard input."""
    for name in moved(tag, sys.stdin.read().split()):
        print(name)
    return 0


COMMANDS: dict[str, Callable[[str], int]] = {"check": check, "notes": notes, "moved": show_moved}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in COMMANDS:
        sys.exit(str(__doc__))
    sys.exit(COMMANDS[sys.argv[1]](sys.argv[2]))

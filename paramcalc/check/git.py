"""Reads files at a revision through the user's git, without a shell and without running anything from a repository.

The commands used (`rev-parse`, `rev-list`, `cat-file`) run no hook, filter or pager. In a partial clone git would fetch
missing objects, by commands that the repository's own configuration may set: that is disabled unless the user allows
it.
"""

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from paramcalc.errors import ParamcalcError
from paramcalc.limits import MAX_JSON_BYTES, check_size, max_bytes

if TYPE_CHECKING:
    import subprocess

_OBJECT = re.compile(rb"[0-9a-f]{40,64} (blob|tree|commit|tag) ([0-9]+)\n")
_LINK = re.compile(rb"(symlink|dangling|loop|notdir) ([0-9]+)\n")
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_NOT_FOUND = "fatal: Needed a single revision"
_LAZY = "GIT_NO_LAZY_FETCH"
_LACKING = f"its content is not here: in a submodule, lost, or not in this partial clone ({_LAZY}=0 lets git fetch it)"


class GitError(ParamcalcError):
    """A revision cannot be read: no git, no repository, no such revision."""


class NoRepositoryError(GitError):
    """A folder is in no repository."""


class AmbiguousError(GitError):
    """A revision that is a branch and a tag."""


class Repository:
    """One repository; all files of a revision are read through a single `git cat-file`."""

    def __init__(self, folder: str) -> None:
        self.top = top_of(folder)
        self._reader: subprocess.Popen[bytes] | None = None
        self._listed: dict[tuple[str, str], frozenset[bytes] | None] = {}

    def __enter__(self) -> "Repository":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Terminate the running git, if there is one."""
        if self._reader is not None:
            with suppress(BrokenPipeError):
                self._reader.communicate()
            self._reader = None

    def commit_of(self, revision: str) -> str | None:
        """The hash of a revision's commit; None if the repository has no commits at all.

        Raises:
            GitError: if there is no such revision.
        """
        wanted = f"{revision}^{{commit}}"
        found = self._run("-c", "core.warnAmbiguousRefs=true", "rev-parse", "--verify", "--end-of-options", wanted)
        commit = found.stdout.decode(errors="replace").strip()
        if b"is ambiguous" in found.stderr:  # git prefers a tag to a branch: adding a tag would replace the baseline
            raise AmbiguousError(
                f"'{revision[:80]}' is more than one thing in git: write refs/heads/… or refs/remotes/… in full"
            )
        if _COMMIT.fullmatch(commit):  # git accepts `^main` as a revision, but it has no files
            return commit
        self._explain(found, revision)
        commits = self._run("rev-list", "--all", "--max-count=1")
        self._explain(commits, revision)
        if not commits.stdout:
            return None
        shallow = self._run("rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
        hint = "; this is a shallow clone: fetch more of it (GitHub: fetch-depth: 0, GitLab: GIT_DEPTH: 0)"
        raise GitError(f"'{revision[:80]}' is not a revision of this repository{hint if shallow else ''}")

    def _explain(self, ended: "subprocess.CompletedProcess[bytes]", revision: str) -> None:
        """Raise git's own message about a revision that it cannot read."""
        said = ended.stderr.decode(errors="replace").strip().partition("\n")[0]
        if said not in ("", _NOT_FOUND):
            raise GitError(f"git cannot read '{revision[:80]}': {said}")

    def superproject(self) -> str | None:
        """The top of the work tree that this repository is a submodule of; None if it is not one."""
        found = self._run("rev-parse", "--show-superproject-working-tree")
        return os.fsdecode(found.stdout.rstrip(b"\n")) or None

    def is_submodule(self, commit: str, path: str) -> bool:
        """Whether a path is a submodule in a commit as well."""
        # With `--literal-pathspecs`, `*` and `:(…)` in the path have no special meaning.
        found = self._run("--literal-pathspecs", "ls-tree", "-z", commit, "--", path)
        return found.stdout.startswith(b"160000 ")

    def read(self, commit: str, path: str) -> bytes | None:
        """The file at a path (from the top) in a commit, following links; None if it does not exist.

        Raises:
            GitError: if git fails, lacks the content, or the path leads out of the repository.
            InputError: if the file is larger than a model file may be.
        """
        if path.split("/")[0] == "..":
            raise GitError(f"'{path}' cannot be in this repository: it is above its top")
        kind, data = self._ask(commit, path)
        if kind == b"missing" and self._lists(commit, path):
            raise GitError(f"git cannot read '{path}' at {commit[:12]}: {_LACKING}")
        if kind in (b"symlink", b"dangling", b"loop"):
            raise GitError(f"'{path}' at {commit[:12]} is a link that leads nowhere in the repository")
        return data if kind == b"blob" else None

    def _lists(self, commit: str, path: str) -> bool:
        """Whether a commit has an entry at a path whose content git lacks; otherwise there is no such entry."""
        if not path:
            return True  # every commit has a root
        folder, _, name = path.rpartition("/")
        if (commit, folder) not in self._listed:
            kind, data = self._ask(commit, folder)
            missing = kind == b"missing"
            self._listed[commit, folder] = None if missing else names_in(data, len(commit) // 2, kind)
        names = self._listed[commit, folder]
        return self._lists(commit, folder) if names is None else os.fsencode(name) in names

    def _ask(self, commit: str, path: str) -> tuple[bytes, bytes]:
        """The object at a path, following links: its kind, such as blob, tree or missing, and its content."""
        if "\n" in path:
            raise GitError("a file whose name has a line break cannot be looked up in git")
        name = os.fsencode(f"{commit}:{path}")
        if self._reader is None:
            self._reader = self._start()
        assert self._reader.stdin is not None and self._reader.stdout is not None  # noqa: S101, PT018 - both are pipes
        with suppress(BrokenPipeError):  # the missing answer shows that it has terminated
            self._reader.stdin.write(name + b"\n")
            self._reader.stdin.flush()
        answer = self._reader.stdout.readline()
        if answer == name + b" missing\n":
            return b"missing", b""
        found = _OBJECT.fullmatch(answer) or _LINK.fullmatch(answer)
        size = int(found[2]) if found else 0
        limit = max_bytes(MAX_JSON_BYTES)
        data = self._reader.stdout.read(min(size, limit) + 1) if found else b""
        if found is None or len(data) <= size:
            self.close()  # it has terminated, or has more output; the next file starts a new one
            check_size(path, size, limit, "the file")
            raise GitError(f"git cannot read '{path}' at {commit[:12]}: {_LACKING}")
        return found[1], data[:-1]

    def _start(self) -> "subprocess.Popen[bytes]":
        import subprocess  # only loaded where a revision is asked for

        return subprocess.Popen(  # noqa: S603 - no shell, and names go to it on its standard input
            ["git", "-C", self.top, "cat-file", "--batch", "--follow-symlinks"],  # noqa: S607 - the user's git
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        import subprocess

        command = ["git", "-C", self.top, *arguments]
        try:
            return subprocess.run(  # noqa: S603 - no shell
                command, capture_output=True, check=False, stdin=subprocess.DEVNULL, env=environment()
            )
        except FileNotFoundError:
            raise GitError("git is not installed, so a revision cannot be read") from None
        except ValueError:
            raise GitError("this cannot be the name of a revision") from None


def top_of(folder: str) -> str:
    """The top of the work tree that contains a folder, as git finds it.

    Raises:
        NoRepositoryError: if it is in none.
    """
    given = environment()
    if "GIT_DIR" in given:
        return given["GIT_WORK_TREE"]
    at = os.path.realpath(folder)
    while not os.path.exists(os.path.join(at, ".git")):
        if at == os.path.dirname(at):
            raise NoRepositoryError(f"{os.path.realpath(folder)} is in no git repository")
        at = os.path.dirname(at)
    return at


def path_below(top: str, file: str) -> str | None:
    """The path of a file from the top of a work tree, by its name; None if the file is outside.

    Links on the way to the work tree are followed, but none inside it: a pull request may have added those.

    Raises:
        GitError: for a name with `..` after a link, which does not lead where it seems to.
    """
    top = os.path.realpath(top)
    for here in (logical_folder(), os.getcwd()):
        full = os.path.normpath(os.path.join(here, file))
        for folder in ancestors(full):
            real = os.path.realpath(folder)
            if real == top or real.startswith(os.path.join(top, "")):
                if os.path.realpath(full) != os.path.realpath(os.path.join(here, file)):
                    raise GitError(f"'{file}' goes back with '..' after a link: name it without")
                return os.path.relpath(os.path.join(real, os.path.relpath(full, folder)), top)
    return None


def ancestors(path: str) -> list[str]:
    """The folders on a path, from the root on."""
    found = []
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        found.append(path)
    return found[::-1]


def logical_folder() -> str:
    """The current folder by the path that the user took, through links; a shell keeps it in PWD."""
    here = os.getcwd()
    given = os.environ.get("PWD", "")
    return given if os.path.isabs(given) and os.path.realpath(given) == os.path.realpath(here) else here


def environment() -> dict[str, str]:
    """The environment for running git at the top without fetching.

    Paths that a hook was given relative to here are made absolute.
    """
    found = dict(os.environ, LC_ALL="C")  # git's messages are parsed
    if "GIT_DIR" in found:
        found["GIT_DIR"] = os.path.abspath(found["GIT_DIR"])
        found["GIT_WORK_TREE"] = os.path.realpath(found.get("GIT_WORK_TREE", "."))
    if found.setdefault(_LAZY, "1") != "0":
        found["GIT_ALLOW_PROTOCOL"] = "none"  # git before 2.45 lacks the other variable
    return found


def names_in(data: bytes, hash_size: int, kind: bytes = b"tree") -> frozenset[bytes]:
    """The names in a tree object, a sequence of `mode name NUL hash`; none for the content of a file."""
    found = set()
    at = 0
    while kind == b"tree" and at < len(data):
        end = data.index(b"\0", at)
        found.add(data[data.index(b" ", at) + 1 : end])
        at = end + 1 + hash_size
    return frozenset(found)


def split_revision(name: str) -> tuple[str, str] | None:
    """Split `REV:path`; a revision may have colons in braces (`HEAD@{12:30:00}`). None if there is no colon."""
    inside, last = False, name.rfind("}")
    for at, character in enumerate(name):
        if character == "{":
            inside = inside or at < last
        elif character == "}":
            inside = False
        elif character == ":" and not inside:
            return name[:at], name[at + 1 :]
    revision, colon, path = name.partition(":")  # every colon is in braces, so the braces are not part of a revision
    return (revision, path) if colon else None

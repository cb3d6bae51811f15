"""Structure-aware damage to documents: values, keys and subtrees change, the punctuation never."""

import copy
import json
import random
from typing import Any

import msgspec

from paramcalc.layers.catalogue import built_in
from paramcalc.layers.registry import Registry

ODD_VALUES: list[Any] = [
    *(0, 1, -1, 2, 3, 7, 64, 255, 2**31 - 1, 2**31, 2**53, 2**63, 10**18, -(10**18)),
    *(None, True, False, 0.5, -0.0, 1e308, 2.0, "", "x", "same", "valid", "channels_first", "$i", "$(2 * 3)"),
    *("$(", "previous", "a/b", "a#2", "a[1]", "\x1b[31m", "::error::", "=1+1", "é" * 40, [], {}, [[]], [None]),
    *([1], [2, 2], [3, 3, 3], [0], [-1], [None, 4], [1.5], ["a", 0, 0], {"class_name": "Dense", "config": {}}),
]


class Pool:
    """What the seeds contain (keys, texts and subtrees), to be inserted elsewhere."""

    def __init__(self, documents: list[Any]) -> None:
        self.keys: list[str] = []
        self.values: list[Any] = []
        seen: set[str] = set()
        for document in documents:
            for container, step in places(document):
                value = container[step]
                if isinstance(step, str):
                    self.keys.append(step)
                small = json.dumps(value, default=str)
                if len(small) < 2_000 and small not in seen:
                    seen.add(small)
                    self.values.append(value)
        self.keys = sorted(set(self.keys))
        self.types = sorted(built_in(Registry()))


def places(document: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key or index) of a document."""
    found: list[tuple[Any, Any]] = []
    stack = [document]
    while stack:
        item = stack.pop()
        steps = list(item) if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ()
        for step in steps:
            found.append((item, step))
            stack.append(item[step])
    return found


def mutated(document: Any, pool: Pool, rng: random.Random) -> Any:
    """Return a copy with one to four changes."""
    document = copy.deepcopy(document)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 4))):
        found = places(document)
        if not found:
            return copy.deepcopy(rng.choice(pool.values))
        container, step = rng.choice(found)
        rng.choice(CHANGES)(container, step, found, pool, rng)
    return document


def put_odd(container: Any, step: Any, found: Any, pool: Pool, rng: random.Random) -> None:
    """Replace a value by an odd one."""
    container[step] = copy.deepcopy(rng.choice(ODD_VALUES))


def put_seen(container: Any, step: Any, found: Any, pool: Pool, rng: random.Random) -> None:
    """Replace a value by one that occurs elsewhere in the seeds."""
    container[step] = copy.deepcopy(rng.choice(pool.values))


def put_other(container: Any, step: Any, found: Any, pool: Pool, rng: random.Random) -> None:
    """Replace a value by another of this document, such as a name that others refer to or another layer's calls."""
    other, place = rng.choice(found)
    if len(json.dumps(other[place], default=str)) < 5_000:
        container[step] = copy.deepcopy(other[place])


def put_type(container: Any, step: Any, found: Any, pool: Pool, rng: random.Random) -> None:
    """Replace a layer type by another."""
    name = rng.choice(pool.types)
    if isinstance(container, dict) and isinstance(step, str) and step[:1].isupper():
        container[name] = container.pop(step)
    elif isinstance(container[step], str):
        container[step] = name


def nudge(container: Any, step: Any, found: Any, pool: Pool, rng: random.Random) -> None:
    """Change a number slightly."""
    if type(container[step]) is int:
        container[step] += rng.choice((-2, -1, 1, 2, container[step]))
    else:
        put_odd(container, step, found, pool, rng)


def drop(container: Any, step: Any, found: Any, pool: Pool, rng: random.Random) -> None:
    """Remove a value."""
    del container[step]


def double(container: Any, step: Any, found: Any, pool: Pool, rng: random.Random) -> None:
    """Duplicate a value, or wrap it in a list or mapping."""
    if isinstance(container, list):
        container.insert(step, copy.deepcopy(container[step]))
    else:
        container[step] = rng.choice(([container[step]], {step: container[step]}))


def add_key(container: Any, step: Any, found: Any, pool: Pool, rng: random.Random) -> None:
    """Add a key, or move a value to another key."""
    if isinstance(container, dict):
        value = container.pop(step) if rng.random() < 0.5 else copy.deepcopy(rng.choice(pool.values))
        container[rng.choice(pool.keys)] = value


CHANGES = (put_odd, put_odd, put_seen, put_seen, put_other, put_type, nudge, drop, double, add_key)


def dumped(document: Any) -> bytes:
    """Return the document as JSON, which is YAML as well."""
    return msgspec.json.encode(document)

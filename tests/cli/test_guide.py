"""`paramcalc guide` prints the pages; what stands in them is run by tests/test_readme.py."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from paramcalc.cli import output, run
from paramcalc.cli.guide_command import MAX_WIDTH, TOPICS, complete_topics, contents, page
from paramcalc.render.guide import laid_out
from tests.each import each
from tests.test_imports import loaded_by

FOLDER = Path(__file__).parents[2] / "paramcalc" / "guide"


def test_each_topic_is_a_page_and_each_page_a_topic():
    assert sorted(TOPICS) == sorted(path.stem for path in FOLDER.iterdir())


def test_without_a_topic_all_are_listed(capsys):
    assert run(["guide"]) == 0
    listed = capsys.readouterr().out
    for topic, about in TOPICS.items():
        assert re.search(rf"^  {topic} +{re.escape(about)}$", listed, re.MULTILINE)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_pipe_gets_the_page_as_it_is_written(topic, capsys):
    assert run(["guide", topic]) == 0
    assert capsys.readouterr().out == (FOLDER / f"{topic}.md").read_text(encoding="utf-8")


def test_a_topic_that_there_is_not_is_refused_with_the_nearest(capsys):
    assert run(["guide", "langage"]) == 2
    assert "no page 'langage'; did you mean 'language'?" in capsys.readouterr().err
    assert run(["guide", "zzz"]) == 2
    assert f"the topics are: {', '.join(TOPICS)}" in capsys.readouterr().err
    assert run(["guide", "convert"]) == 2
    assert "no page 'convert'; 'paramcalc convert --help' says" in capsys.readouterr().err


def test_topics_are_completed():
    assert [(item.value, item.help) for item in complete_topics(None, None, "lang")] == [
        ("language", TOPICS["language"])
    ]


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_page_laid_out_keeps_to_the_width_and_has_no_markup_left(topic, width):
    lines = laid_out(page(topic), width, colour=False).splitlines()
    assert max(map(len, lines)) <= width
    assert not [line for line in lines if line.startswith(("#", "```", "| "))]
    assert "\x1b" not in "".join(lines)


@each("topic", TOPICS)
def test_pages_that_are_named_exist(topic):
    for name in re.findall(r"`paramcalc guide (\w+)`", page(topic)):
        assert name in TOPICS, name


def on_a_terminal(words, **environment):
    """What a command writes to a terminal that pages by `cat`."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "paramcalc", *words],
        stdout=slave,
        stderr=slave,
        stdin=slave,
        env=os.environ | {"PAGER": "cat", "TERM": "xterm", "PYTHONIOENCODING": "utf-8"} | environment,
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # Linux' way of saying that the other end is closed
            part = b""
        if not part:
            break
        shown += part
    os.close(master)
    assert process.wait() == 0
    return shown.decode()


def test_a_terminal_gets_the_page_laid_out_by_the_pager():
    shown = on_a_terminal(["guide", "language"], NO_COLOR="1")
    title = page("language").splitlines()[0].removeprefix("# ")
    assert shown.lstrip().startswith(title)
    assert "```" not in shown
    assert MAX_WIDTH == 100


def test_the_list_of_topics_fits_a_narrow_terminal(monkeypatch):
    monkeypatch.setattr(output, "terminal_width", lambda path: 50)
    assert max(map(len, contents().splitlines())) <= 50


def test_nothing_of_rich_is_loaded_for_a_pipe(tmp_path):
    loaded = loaded_by(["guide", "language"], tmp_path)
    assert not loaded & {"rich", "paramcalc.render", "yaml", "msgspec"}

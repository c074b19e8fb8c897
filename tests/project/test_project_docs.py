"""The pages: their links lead somewhere, and the commands they name exist."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`|^    (\S.*)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def page_id(page: Path) -> str:
    """Return the page's path in the repository, for the name of a test."""
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def commands(name: str) -> set[tuple[str, str]]:
    """Return (page, word after `name`) for each command `name WORD ...` that the pages show as code."""
    found = set()
    for page in PAGES:
        for inline, block in CODE.findall(page.read_text(encoding="utf-8")):
            for match in re.finditer(
                rf"(?:^|[ (]){name}((?: [A-Z_]+=\S+)*) ([a-z][a-z-]+)\b", inline or block
            ):
                found.add((page_id(page), match.group(2)))
    return found


def make_targets() -> set[str]:
    """Return the targets of the Makefile that have a line of help."""
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def tox_environments() -> dict[str, str]:
    """Return each tox environment with its description."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "tox.ini", encoding="utf-8")
    sections = [name for name in parser.sections() if name.startswith("testenv:")]
    return {name.removeprefix("testenv:"): parser[name].get("description", "") for name in sections}


def help_of_grade(*arguments: str) -> str:
    """Return what the installed `grade` command prints."""
    command = [str(Path(sys.executable).with_name("grade")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page leads to a file of the repository, and its anchor to a heading."""
    broken = []
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        aim = (page.parent / path).resolve() if path else page
        if not aim.exists() or (anchor and anchor not in anchors(aim)):
            broken.append(target)
    assert broken == []


def test_every_page_is_in_the_table_of_contents() -> None:
    """docs/index.md links to every other page of docs/."""
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / target).resolve() for target in LINK.findall(index.read_text(encoding="utf-8"))}
    assert {page for page in (ROOT / "docs").rglob("*.md") if page != index} <= linked


def test_named_make_targets_exist() -> None:
    """Every `make TARGET` that a page names is in the Makefile."""
    named = commands("make")
    assert {"demo", "test"} <= {target for _, target in named}
    assert [entry for entry in sorted(named) if entry[1] not in make_targets()] == []


def test_named_grade_commands_exist() -> None:
    """Every `grade COMMAND` that a page names answers to --help; other words are paths to grade."""
    help_text = help_of_grade("--help")
    words = {word for _, word in commands("grade") if not (ROOT / word).exists()}
    # Words of our examples that are submissions, not commands.
    words -= {"path", "submission", "mon"}
    assert words
    assert [word for word in sorted(words) if not re.search(rf"^\s+{word}\b", help_text, re.MULTILINE)] == []


def test_named_options_exist() -> None:
    """Every option in the README's table is an option of `grade run`."""
    table = re.findall(r"^\| `(--[a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    help_text = help_of_grade("run", "--help")
    assert table
    assert [option for option in table if option not in help_text] == []


def test_tox_and_make_agree() -> None:
    """Every tox environment is described and is a target of the Makefile, which holds its command."""
    environments = tox_environments()
    assert all(environments.values())
    assert set(environments) <= make_targets()


def test_make_test_proves_every_check_of_tox() -> None:
    """`make test` runs each check that tox lists by default, quick tests aside, as all tests hold them."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (proved,) = re.findall(r"^test: ([a-z -]+?) *##", makefile, re.MULTILINE)
    parser = configparser.ConfigParser()
    parser.read(ROOT / "tox.ini", encoding="utf-8")
    default = {name.strip() for name in parser["tox"]["env_list"].split(",")}
    assert default - {"quick"} <= set(proved.split())
    assert "tests" in proved.split()

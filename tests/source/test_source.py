"""Students' Python as text: old and notebook code made to parse, every line where it was."""

from __future__ import annotations

import ast
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.source import SourceUnreadable, mend, read_program

OLD = {
    "async_keyword": "y = x.cuda(async=True)\n",
    "print_statement": "for e in [1]:\n    print 'epoch', e,\n    print\n",
    "except_comma": "try:\n    pass\nexcept ValueError, e:\n    pass\n",
    "tabs": "if True:\n\tx = 1\n        y = 2\n",
    "notebook_magic": "%matplotlib inline\nimport os\n!pip install x \\\n  y\nfiles = !ls\nos?\n%time x = 1\n",
}


@pytest.mark.parametrize("name", sorted(OLD))
def test_old_code_is_mended_in_place(name: str) -> None:
    """What no longer parses does so afterwards, is named, and no line moves."""
    mended, names = mend(OLD[name])
    ast.parse(mended)
    assert names == (name,)
    assert mended.count("\n") == OLD[name].count("\n")


def test_what_is_timed_still_runs() -> None:
    """`%time` is taken away and its statement kept."""
    assert "x = 1" in mend(OLD["notebook_magic"])[0]


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("!python train.py --bn", "'python train.py --bn'"),
        ("  !cd src && python3 -u train.py > log.txt", "'cd src && python3 -u train.py > log.txt'"),
        (
            "!python train.py --lr {lr} --name {cfg['name']}",
            "f\"python train.py --lr {lr} --name {cfg['name']}\"",
        ),
        ("!python train.py --names {}", "'python train.py --names {}'"),
        ("%run train.py --bn", "'python train.py --bn'"),
        ("!pip install torch", ""),
        ("%run -m pip", ""),
    ],
)
def test_scripts_that_a_notebook_starts_are_started(line: str, command: str) -> None:
    """A shell line or a magic that runs a script of the hand-in becomes a call; any other one does nothing."""
    mended, _ = mend(f"for lr in (1, 2):\n    {line.strip()}\n")
    assert mended.split("\n")[1].strip() == (f"get_ipython().system({command})" if command else "pass")


def test_a_remainder_is_no_magic() -> None:
    """A line of an expression that begins with % stays what it is."""
    text = 'print("a %d"\n      % 3)\n'
    assert mend(text) == (text, ())


def test_code_that_is_not_python_says_where() -> None:
    """The first error comes out, with its line."""
    with pytest.raises(SyntaxError) as raised:
        mend("x = 1\nif x\n")
    assert raised.value.lineno == 2


@given(st.text(max_size=200))
def test_any_text_is_mended_or_refused(text: str) -> None:
    """Whatever the text, either it parses afterwards or a plain error comes out."""
    try:
        mended, _ = mend(text)
    except (SyntaxError, ValueError):
        return
    ast.parse(mended)


def notebook(*cells: tuple[str, int | None]) -> bytes:
    """Return a notebook with these code cells behind one text cell."""
    code = [
        {"cell_type": "code", "execution_count": count, "source": text.splitlines(True)}
        for text, count in cells
    ]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "# TP"}, *code], "nbformat": 4}).encode()


def test_cells_are_numbered_among_all_cells() -> None:
    """A cell's number counts text cells too, as the reader of answers counts them."""
    program = read_program(notebook(("a = 1", 1), ("b = 2", 2)), "tp.ipynb")
    assert [(one.cell, one.text) for one in program.chunks] == [(2, "a = 1"), (3, "b = 2")]
    assert not program.ran_otherwise


def test_the_order_of_execution_is_offered_where_it_differs() -> None:
    """Cells come in the order of their counts, those that were never run at the end."""
    program = read_program(notebook(("a", 3), ("b", None), ("c", 1)), "tp.ipynb")
    assert program.ran_otherwise
    assert [one.text for one in program.in_order("execution").chunks] == ["c", "a", "b"]
    assert [one.text for one in program.in_order("file").chunks] == ["a", "b", "c"]


def test_cells_of_other_languages_are_emptied() -> None:
    """`%%bash` is no Python, `%%time` is, and `%%writefile` writes its module."""
    cells = (
        ("%%bash\nls", 1),
        ("%%sh\nls\npython a.py --bn", 4),
        ("%%time\nx = 1", 2),
        ("%%writefile outils.py\ndef f(): pass", 3),
    )
    texts = [one.text for one in read_program(notebook(*cells), "tp.ipynb").chunks]
    assert texts[:3] == ["", "\n\nget_ipython().system('python a.py --bn')", "\nx = 1"]
    assert texts[3].startswith("open('outils.py', 'w')")


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"{}", "broken_notebook"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "lfs_pointer"),
        (b'{"cells": [', "broken_notebook"),
        (b'{"cells": [{"cell_type": "code", "source": " "}]}', "empty_notebook"),
    ],
)
def test_what_is_no_notebook_says_why(raw: bytes, kind: str) -> None:
    """A pointer, a torso and a notebook without code are told apart."""
    with pytest.raises(SourceUnreadable) as raised:
        read_program(raw, "tp.ipynb")
    assert raised.value.kind == kind


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["cells", "worksheets", "cell_type", "source", "execution_count"]), inner
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_a_notebook_or_none(book: object) -> None:
    """Whatever a notebook holds, its cells come out in both orders or it is refused by kind."""
    try:
        program = read_program(json.dumps(book).encode(), "tp.ipynb")
    except SourceUnreadable:
        return
    assert len(program.in_order("execution").chunks) == len(program.in_order("file").chunks)

"""What is typed wrong is told in the reader's language, with what the command takes."""

from __future__ import annotations

import pytest

from grader.cli import main


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("x --budget statik", "--budget n'accepte pas cette valeur ; choix : static, quick, full"),
        ("x --seed -3", "il faut un entier à partir de 0"),
        ("x --time-limit 0", "un nombre supérieur à 0"),
        ("x --budgt static", "l'option --budgt n'existe pas ; vouliez-vous dire --budget"),
        ("x --seed", "--seed demande une valeur"),
        ("override x", "il manque l'argument QUESTION"),
        ("override x Q7 much --reason r", "POINTS n'accepte pas cette valeur : il faut un nombre"),
        ("list one two", "de trop sur cette ligne : one two"),
    ],
)
def test_a_slip_of_the_keyboard_is_told_in_french(
    capsys: pytest.CaptureFixture[str], typed: str, told: str
) -> None:
    """What click refuses is said in the reader's language, with what the option takes; English stays click's own."""
    first, *rest = typed.split()
    assert main([first, "--lang", "fr", *rest]) == 2
    said = capsys.readouterr().err
    assert told in said and "Erreur" in said
    assert "Error" not in said and "Usage" not in said


def test_english_stays_as_click_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    """A slip under `--lang en` is answered with click's own sentence."""
    assert main(["x", "--lang", "en", "--budget", "statik"]) == 2
    assert "is not one of" in capsys.readouterr().err

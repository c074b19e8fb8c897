"""What `grade doctor` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text as Line

from grader.sandbox.doctor import Finding
from grader.text import Language, Text

_SAME = Text(fr="{name} : ", en="{name}: ")
_NAMES = {
    "sandbox": Text(fr="bac à sable : ", en="sandbox: "),
    "namespaces": Text(fr="espaces de noms : ", en="namespaces: "),
    "disk": Text(fr="disque : ", en="disk: "),
}


def print_findings(findings: Sequence[Finding], language: Language, console: Console) -> int:
    """Print one line a finding with its mend; return 0 when all is well, 3 when no sandbox starts."""
    for finding in findings:
        console.print(Line("✓ " if finding.ok else "✗ ", style="green" if finding.ok else "red"), end="")
        name = _NAMES.get(finding.name, _SAME).in_(language).format(name=finding.name)
        console.print(Line(f"{name}{finding.detail.in_(language)}"))
        if not finding.ok and finding.mend is not None:
            console.print(Line(f"    {finding.mend.in_(language)}"))
    return 0 if all(finding.ok for finding in findings if finding.name == "sandbox") else 3

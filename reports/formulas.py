r"""Formulas as plain text: `\lfloor \frac{x+2p-k}{s} \rfloor + 1` becomes `⌊(x+2p-k)/(s)⌋ + 1`.

A light hand: what it does not know stays as it was typed. Nothing is evaluated.
"""

from __future__ import annotations

import re

_SIGNS = {
    "times": "×", "cdot": "·", "div": "÷", "pm": "±", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠",
    "approx": "≈", "sim": "∼", "infty": "∞", "rightarrow": "→", "to": "→", "leftarrow": "←", "Rightarrow": "⇒",
    "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "sum": "∑", "prod": "∏", "int": "∫", "partial": "∂",
    "nabla": "∇", "in": "∈", "mathbb": "", "mathrm": "", "mathbf": "", "text": "", "left": "", "right": "",
    "ldots": "…", "dots": "…", "cdots": "⋯", "quad": " ", "log": "log", "ln": "ln", "exp": "exp", "max": "max",
    "min": "min", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η",
    "theta": "θ", "lambda": "λ", "mu": "μ", "nu": "ν", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ",
    "omega": "ω", "varepsilon": "ε", "varphi": "φ", "chi": "χ", "kappa": "κ", "xi": "ξ", "zeta": "ζ", "psi": "ψ",
    "Delta": "Δ", "Sigma": "Σ", "Omega": "Ω", "Gamma": "Γ", "Lambda": "Λ", "Theta": "Θ", "Pi": "Π", "Phi": "Φ",
    "Psi": "Ψ", "top": "⊤", "odot": "⊙", "otimes": "⊗", "propto": "∝", "forall": "∀", "ll": "≪", "gg": "≫",
    "mathcal": "", "operatorname": "", "displaystyle": "", "prime": "′", "mid": "|", "sqrt": "√",
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("0123456789+-nit", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱᵗ")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt\{([^{}]*)\}")
_POWER = re.compile(r"\^(?:\{([0-9+\-nit]+)\}|([0-9nit]))")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_DEEPEST = 4


def plain_formula(source: str) -> str:
    r"""Return `source` with the commonest LaTeX commands as signs, or as typed where one stays unknown."""
    text = source
    for _ in range(_DEEPEST):
        simpler = _FRACTION.sub(r"(\1)/(\2)", text)
        simpler = _ROOT.sub(r"√(\1)", simpler)
        if simpler == text:
            break
        text = simpler
    text = _COMMAND.sub(lambda command: _SIGNS.get(command[1], command[0]), text)
    text = re.sub(r"\\[,;!]", "\N{THIN SPACE}", text).replace("\\ ", " ")
    if "\\" in text:
        return source
    text = _POWER.sub(lambda power: (power[1] or power[2]).translate(_SUPERSCRIPTS), text)
    text = re.sub(r"(?<![\w\)])\((\w)\)", r"\1", text)
    text = re.sub(r"([⌊⌈(]) +| +(?=[⌋⌉)])", r"\1", text)
    return re.sub(r"[{}]", "", text)

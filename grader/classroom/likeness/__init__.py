"""Pairs of hand-ins that look alike: a list for people to look at, which accuses nobody.

`gathering` takes out of each hand-in what can be compared, `programs` compares code (copydetect), `answers` compares
what was written, across French and English as far as numbers, formulas and structure go, `facts` compares recipes,
curves and pictures, and `pairing` puts the signals of a pair together. Run as `python -m grader.classroom.likeness`.
"""

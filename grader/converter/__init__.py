"""Runs inside the sandbox: one document of a student becomes blocks of text, and nothing else of it comes out.

`python -m grader.converter SOURCE OUT` writes OUT/document.json, a `grader.model.document.Document`. The
libraries that meet PDF, DOCX, HTML and LaTeX are imported here and nowhere else; nothing imports this package. What
a converter cannot read it counts (`Block.lost`) instead of guessing. No link, image or entity is ever followed.
"""

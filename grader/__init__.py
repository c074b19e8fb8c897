"""A grader for courseworks on convolutional networks: it watches, retrains, judges and reports."""

__version__ = "0.2.0"

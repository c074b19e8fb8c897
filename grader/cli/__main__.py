"""`python -m grader.cli` is the command `grade`."""

import sys

from grader.cli.main import main

sys.exit(main())

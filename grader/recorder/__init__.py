"""Runs inside the sandbox: lets a student's program run for a few steps and writes down what it does.

    python -m grader.recorder JOB.json

`__main__` imports torch once and forks a child per entry point (`server`). The child (`child`) patches torch
and torchvision (`data`, `transforms`, `networks`, `watch`, `optimizers`, `schedules`, `initial`, `bridges`,
`inert`), runs the program (`program`), keeps what it sees in a `Journal` and writes it as a
`Recording` (`writing`). Everything written is data that the host validates: nothing here is a secret.
"""

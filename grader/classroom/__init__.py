"""A class: many hand-ins, graded by one command, through crashes, and brought back to the platform they came from.

Told in order: `sources` finds the hand-ins in what a platform gave, `register` keeps their states in `class.sqlite`,
`executors` run jobs (processes of this machine, or Ray), `running` decides which job comes next, `gradebook` and
`exports` write what the instructor takes away, `likeness` lists pairs to look at.
"""

"""The recipe of a network: captured from a live module, rebuilt under caps, drawn anew, fingerprinted.

`capture` runs inside the sandbox, everything else on the host. The record in between is
`grader.model.Network`: JSON over a list of layers, functions and
methods. Nothing from a hand-in ever becomes code here.

Import from the modules: `digest` and `order` work on records alone, so whoever needs a fingerprint need not load torch.
"""

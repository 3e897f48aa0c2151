"""Training: data, initial values, optimizers, the loop, model files and reports over any model that gives loss and gradients.

    files ──▶ data ──▶ binding: columns to quantities ──▶ session ─┬─▶ loop: epochs ──▶ checkpoints, record: model files
                                      equations: a model ──────────┘               ──▶ report, curve
    launch: the same by several processes

In go files, a system and options, out come parameters, a model file and a report. `model.Model` is all that the loop asks of a model, and
`task.Task` all that a session asks of an equation system. Only `equations`, `sizes`, `epoch_graph` and `updates` know equations or graphs.
Read first `session.py`, then `loop.py`.
"""

"""Training: data, initial values, optimizers, the loop, model files and reports over any model that gives loss and
gradients.

`model.Model` is all that the loop asks of a model, and `task.Task` all that a session asks of an equation system. Only
`equations`, `sizes`, `epoch_graph` and `updates` know equations or graphs.
"""

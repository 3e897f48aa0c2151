"""Backward passes written in code, judged by running them.

events      every assignment of a program becomes an event: recorded, moved, replaced, given a probe
source      a program: its statements, its functions, what stands for modules that are not there
pairs       which forward function belongs to which backward function
inputs      values for the arguments, read from the text; asking: of which functions; sizes, fitting: found by running
arrays      arrays of NumPy, PyTorch and JAX; rules: torch.autograd.Function and jax.custom_vjp; spelling: edits in their words
scenario    one forward and backward pass at random points
references  the true cotangent of every event, by the tracer, checked by differences
claims      what the backward pass says of which quantity, and whether it is so
edits       the kinds of mistakes and what takes each back; terms: a missing term or factor
faults      the search over them: the first wrong line and what mends it
judging     the loop over mistakes, and the rows of the report
functions   check_backward; files: files, notebooks, documents; process: the limits they run in
"""

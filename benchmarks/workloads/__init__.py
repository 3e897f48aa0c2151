"""One module a workload: its data, its references by hand, its contestants, what is to be reached."""

"""Schema migrations, run by `hookline up` and `hookline migrate` before anything else."""

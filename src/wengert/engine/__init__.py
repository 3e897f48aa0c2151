"""Between what a user calls and the layers below: a function is run once to see its structure, and programs made of it are run."""

"""The `bakery` command's subcommands: they read options and print outcomes; the work is done by the other packages.

Each module imports what it needs when it is called, so that `bakery --help` is quick.
"""

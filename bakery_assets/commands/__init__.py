"""The `bakery` command's subcommands: options in, words out; what they do is done elsewhere.

Each module imports what it needs when it is called, so that `bakery --help` is quick.
"""

"""The command line: arguments in, records out."""

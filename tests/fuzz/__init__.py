"""Fuzzing of the readers and of everything behind them: `python -m tests.fuzz --help`."""

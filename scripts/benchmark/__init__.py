"""Parts of scripts/bench.py: what is measured, how, what it is compared with, how it is shown."""

"""``python -m piaojue`` is the command ``piaojue``."""

from piaojue.command import main

main()

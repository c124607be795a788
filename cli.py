"""The checkout's front door: ``python cli.py …`` is ``envfactory …``."""

from envfactory.commands import app

if __name__ == "__main__":
    app(prog_name="envfactory")

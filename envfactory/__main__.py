"""``python -m envfactory``: the same command line as ``envfactory``."""

from envfactory.commands import app

if __name__ == "__main__":
    app(prog_name="envfactory")

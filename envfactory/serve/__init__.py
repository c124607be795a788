"""Episodes over HTTP, for trainers in other processes or languages; needs the extra ``serve``.

The operations are those of the Python API, run by one ``EnvironmentPool``.
"""

from envfactory.serve.app import make_app

__all__ = ["make_app"]

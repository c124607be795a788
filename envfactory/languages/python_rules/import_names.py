"""From the name in an ``import`` to the distribution that brings it.

A small table for those that differ (well-known facts of the ecosystem), then the name itself and
usual prefixes, each only if the index has such a project as of the date.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from envfactory.languages.python_rules.names import normalise

if TYPE_CHECKING:
    from envfactory.timemachine import TimeMachine

DISTRIBUTIONS = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cairo": "pycairo",
    "Crypto": "pycryptodome",
    "Cryptodome": "pycryptodomex",
    "Cython": "cython",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "_yaml": "pyyaml",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dns": "dnspython",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "enchant": "pyenchant",
    "engineio": "python-engineio",
    "fitz": "pymupdf",
    "flask_sqlalchemy": "flask-sqlalchemy",
    "gi": "pygobject",
    "git": "gitpython",
    "github": "pygithub",
    "google.auth": "google-auth",
    "google.cloud.storage": "google-cloud-storage",
    "google.protobuf": "protobuf",
    "googleapiclient": "google-api-python-client",
    "haystack": "django-haystack",
    "igraph": "python-igraph",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "kafka": "kafka-python",
    "ldap": "python-ldap",
    "ldap3": "ldap3",
    "levenshtein": "python-levenshtein",
    "Levenshtein": "python-levenshtein",
    "lxml_html_clean": "lxml-html-clean",
    "magic": "python-magic",
    "markdown": "markdown",
    "memcache": "python-memcached",
    "mpl_toolkits": "matplotlib",
    "msgpack": "msgpack",
    "MySQLdb": "mysqlclient",
    "nacl": "pynacl",
    "netCDF4": "netcdf4",
    "odf": "odfpy",
    "osgeo": "gdal",
    "past": "future",
    "peewee": "peewee",
    "pkg_resources": "setuptools",
    "psycopg2": "psycopg2-binary",
    "pubsub": "pypubsub",
    "pylab": "matplotlib",
    "pymongo": "pymongo",
    "bson": "pymongo",
    "gridfs": "pymongo",
    "pytz": "pytz",
    "qtpy": "qtpy",
    "rest_framework": "djangorestframework",
    "ruamel": "ruamel.yaml",
    "ruamel.yaml": "ruamel.yaml",
    "serial": "pyserial",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "slugify": "python-slugify",
    "snappy": "python-snappy",
    "socketio": "python-socketio",
    "socks": "pysocks",
    "sqlalchemy": "sqlalchemy",
    "tables": "tables",
    "telegram": "python-telegram-bot",
    "typing_extensions": "typing-extensions",
    "usb": "pyusb",
    "vcr": "vcrpy",
    "websocket": "websocket-client",
    "win32api": "",
    "win32con": "",
    "winreg": "",
    "_winreg": "",
    "msvcrt": "",
    "wx": "wxpython",
    "xdist": "pytest-xdist",
    "zmq": "pyzmq",
    "zope.interface": "zope.interface",
    "zope": "zope.interface",
    "pytest_httpbin": "pytest-httpbin",
    "pytest_asyncio": "pytest-asyncio",
    "pytest_mock": "pytest-mock",
    "pytest_lazyfixture": "pytest-lazy-fixture",
    "testfixtures": "testfixtures",
    "mock": "mock",
    "sphinx": "sphinx",
    "docutils": "docutils",
    "async_timeout": "async-timeout",
    "trustme": "trustme",
    "OpenGL": "pyopengl",
    "Xlib": "python-xlib",
    "consul": "python-consul",
    "ConfigSpace": "configspace",
    "pwiz": "peewee",
    "faker": "faker",
    "factory": "factory-boy",
    "freezegun": "freezegun",
    "environ": "django-environ",
    "debug_toolbar": "django-debug-toolbar",
    "corsheaders": "django-cors-headers",
    "django_filters": "django-filter",
    "guardian": "django-guardian",
    "guessit": "guessit",
    "moto": "moto",
    "responses": "responses",
    "apt_pkg": "",
    "dbus": "dbus-python",
    "tkinter": "",
    "_tkinter": "",
}
"""An empty name: nothing on the index helps."""

_FOLDERS = """
tests test testing conftest docs doc src examples benchmarks scripts setup utils helpers
"""
OWN_FOLDERS = frozenset(_FOLDERS.split())
"""Names that are folders of repositories, whatever project on the index may bear them."""


def candidates(module: str) -> Iterator[str]:
    """Distributions that may bring ``module``, likeliest first."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix in DISTRIBUTIONS:
            if DISTRIBUTIONS[prefix]:
                yield normalise(DISTRIBUTIONS[prefix])
            return
    top = parts[0]
    if top.startswith("_") or top in OWN_FOLDERS:
        return
    yield normalise(top)
    for prefix in ("python-", "py"):
        yield normalise(prefix + top)


def distribution_of(module: str, index: TimeMachine, cutoff: datetime) -> str:
    """The first candidate that the index has as of the date; empty when none."""
    return next((name for name in candidates(module) if index.dated("pypi", name, cutoff)), "")

"""What logs of builds and tests say about the package that they miss."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.languages.python_rules.system_packages import missing_packages, wanted_packages

KNOWN = {
    *(("header", name) for name in ("libxml/xpath.h", "Eigen/Dense", "mkl.h", "jpeglib.h", "hdf5.h", "x.h")),
    *(("library", name) for name in ("lapack", "blas", "jpeg", "png", "hdf5", "magic", "tiff", "pq")),
    *(
        ("pkg-config", name)
        for name in ("cairo", "libxml2", "libxslt", "mysqlclient", "zlib", "libpng", "glib-2.0")
    ),
    *(("shared", name) for name in ("libGL.so.1", "libhdf5.so")),
    *(("command", name) for name in ("swig", "gfortran", "cargo", "pg_config", "libtoolize", "cmake", "hg")),
    *(
        ("command", name)
        for name in ("file", "aclocal", "dot", "less", "node", "xvfb-run", "ffmpeg", "krb5-config")
    ),
    ("file", "BoostConfig.cmake"),
    ("file", "Gtk-3.0.typelib"),
}


def lookup(kind: str, name: str) -> str:
    return f"{kind}:{name}" if (kind, name) in KNOWN else ""


@pytest.mark.parametrize(
    ("log", "package"),
    [
        ("a.c:1:10: fatal error: libxml/xpath.h: No such file or directory", "header:libxml/xpath.h"),
        ("a.cc:9:10: fatal error: 'Eigen/Dense' file not found", "header:Eigen/Dense"),
        ('src/a.c:3:10: fatal error: x.h: No such file\n    3 | #include "x.h"', "header:x.h"),
        ("error: jpeglib.h not found", "header:jpeglib.h"),
        ("Could not find hdf5.h.", "header:hdf5.h"),
        ("/usr/bin/ld: cannot find -lpq: No such file or directory", "library:pq"),
        ("ImportError: libGL.so.1: cannot open shared object file: No such file", "shared:libGL.so.1"),
        ("error: libhdf5.so: cannot open shared object file", "shared:libhdf5.so"),
        ("Package 'cairo', required by 'virtual:world', not found", "pkg-config:cairo"),
        ("Package cairo was not found in the pkg-config search path.", "pkg-config:cairo"),
        ("configure: error: Package requirements (glib-2.0 >= 2.50) were not met", "pkg-config:glib-2.0"),
        ("'pkg-config --exists mysqlclient' returned non-zero exit status 1.", "pkg-config:mysqlclient"),
        ('../meson.build:4:0: ERROR: Dependency "lapack" not found, tried pkgconfig', "library:lapack"),
        ("Run-time dependency cairo found: NO (tried pkgconfig and cmake)", "pkg-config:cairo"),
        ("../meson.build:1:0: ERROR: Program 'swig' not found or not executable", "command:swig"),
        ("CMake Error at x.cmake:230 (message):\n  Could NOT find ZLIB (missing: x)", "pkg-config:zlib"),
        ("-- Could NOT find PNG (missing: PNG_LIBRARY)", "pkg-config:libpng"),
        ('a package configuration file provided by\n  "Boost" with any of', "file:BoostConfig.cmake"),
        ("ValueError: jpeg is required unless explicitly disabled using --disable-jpeg", "library:jpeg"),
        ("The headers or library files could not be found for jpeg,\na required dependency", "library:jpeg"),
        ("Error: pg_config executable not found.", "command:pg_config"),
        ("/bin/sh: 1: krb5-config: not found", "command:krb5-config"),
        ("No lapack/blas resources found.", "library:lapack"),
        ("numpy.distutils.system_info.NotFoundError: no lapack/blas resources found", "library:lapack"),
        ("error: Unable to load dependency HDF5, make sure HDF5 is installed properly", "library:hdf5"),
        ("HDF5 not found, please install", "library:hdf5"),
        ("ERROR: HDF5 not found.", "library:hdf5"),
        ("Could not find a local HDF5 installation.", "library:hdf5"),
        ("ImportError: failed to find libmagic.  Check your installation", "library:magic"),
        ("error: can't find Rust compiler", "command:cargo"),
        ("Cargo, the Rust package manager, is not installed or is not on PATH.", "command:cargo"),
        ("error: library dfftpack has Fortran sources but no Fortran compiler found", "command:gfortran"),
        ("ERROR: Unknown compiler(s): [['gfortran'], ['flang']]", "command:gfortran"),
        ("error: command 'swig' failed: No such file or directory", "command:swig"),
        ("unable to execute 'swig': No such file or directory", "command:swig"),
        ("Can't exec \"aclocal\": No such file or directory at autoreconf", "command:aclocal"),
        ("configure.ac:7: error: possibly undefined macro: AC_PROG_LIBTOOL", "command:libtoolize"),
        ("env: ‘node’: No such file or directory", "command:node"),
        ("make: xvfb-run: No such file or directory", "command:xvfb-run"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'hg'", "command:hg"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'hg.txt'", ""),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/tmp/hg'", ""),
        ("ExecutableNotFound: failed to execute PosixPath('dot'), make sure", "command:dot"),
        ('FileNotFoundError: [Errno 2] "dot" not found in path.', "command:dot"),
        ("RuntimeError: Could not find ffmpeg executable", "command:ffmpeg"),
        ("ValueError: Namespace Gtk not available for version 3.0", "file:Gtk-3.0.typelib"),
        ("-- Could NOT find SWIG (missing: SWIG_EXECUTABLE)", "command:swig"),
        ("./configure: 12: krb5-config: not found", "command:krb5-config"),
        ("AssertionError: 1 == 2", ""),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'file'", ""),
        ("Http404: swig not found.", ""),
        ("KeyError: 'less: not found'", ""),
    ],
)  # fmt: skip
def test_one_name(log: str, package: str) -> None:
    found = missing_packages(log, lookup)
    assert [name for name, _ in found][:1] == ([package] if package else [])
    assert all(words and "\n" not in words for _, words in found)


def test_several_names_and_what_is_optional() -> None:
    log = "Please make sure the libxml2 and libxslt development packages are installed."
    assert [name for name, _ in missing_packages(log, lookup)] == ["pkg-config:libxml2", "pkg-config:libxslt"]
    log = "Run-time dependency cairo found: NO\nfatal error: x.h: No such file or directory"
    assert [name for name, _ in missing_packages(log, lookup)] == ["header:x.h"]


def test_what_maintainers_install() -> None:
    names = ["libxml2-dev", "graphviz", "git", "postgresql-client", "libpq-dev", "redis-tools"]
    unwanted = [
        "python3-dev",
        "python3.9",
        "pypy3",
        "libpython3-dev",
        "gcc",
        "g++-9",
        "clang-11",
        "texlive-full",
    ]
    unwanted += [
        "postgresql",
        "postgresql-13",
        "redis-server",
        "mysql-server",
        "firefox-esr",
        "chromium-driver",
    ]
    unwanted += ["libfoo-doc", "software-properties-common", "docker.io", "default-mysql-server", "tox"]
    every = {*names, *unwanted}
    found = wanted_packages([*unwanted, *names], lambda kind, name: name if name in every else "")
    assert found == sorted(names)
    assert wanted_packages(["mysql"], lambda kind, name: "default-mysql-server") == []


@given(st.text())
def test_any_text_can_be_read(log: str) -> None:
    assert missing_packages(log, lambda kind, name: "") == []

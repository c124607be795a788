"""A small package archive on a loopback address, with real indexes that may be changed or broken."""

from __future__ import annotations

import gzip
import hashlib
import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from envfactory.debian.sources import Source

CONTENTS = """\
bin/ping                                                net/iputils-ping
lib/x86_64-linux-gnu/libz.so.1                          libs/zlib1g
usr/bin/cargo                                           devel/cargo,web/cargo-web
usr/bin/curl-config libdevel/libcurl4-gnutls-dev,libdevel/libcurl4-openssl-dev
usr/bin/pg_config                                       database/postgresql-common,libdevel/libpq-dev
usr/bin/python3.11                                      python/python3.11
usr/bin/gfortran                                        devel/gfortran
usr/include/jpeglib.h                                   libdevel/libjpeg62-turbo-dev
usr/include/gdcm-3.0/gdcmjpeg/jpeglib.h                 libdevel/libgdcm-dev
usr/include/hdf5/mpich/hdf5.h                           libdevel/libhdf5-mpich-dev
usr/include/hdf5/serial/hdf5.h                          libdevel/libhdf5-dev
usr/include/opencv4/flann/hdf5.h                        libdevel/libopencv-flann-dev
usr/include/libxml2/libxml/xpath.h                      libdevel/libxml2-dev
usr/include/x86_64-linux-gnu/curl/curl.h libdevel/libcurl4-gnutls-dev,libdevel/libcurl4-openssl-dev
usr/include/eigen3/Eigen/Dense                          libdevel/libeigen3-dev
usr/include/python3.11/Python.h                         libdevel/libpython3.11-dev
usr/include/a/config.h                                  libdevel/liba-dev
usr/include/b/config.h                                  libdevel/libb-dev
usr/include/c/config.h                                  libdevel/libc-dev
usr/include/d/config.h                                  libdevel/libd-dev
usr/include/e/config.h                                  libdevel/libe-dev
usr/include/tcl8.6/tcl.h                                devel/tcl8.6-dev
usr/include/tcl8.7/tcl.h                                devel/tcl8.7-dev
usr/aarch64-linux-gnu/include/zlib.h                    libdevel/zlib1g-dev-arm64-cross
usr/include/zlib.h                                      libdevel/zlib1g-dev
usr/lib/x86_64-linux-gnu/blas/libblas.so                libdevel/libblas-dev
usr/lib/x86_64-linux-gnu/girepository-1.0/Gtk-3.0.typelib introspection/gir1.2-gtk-3.0
usr/lib/x86_64-linux-gnu/libGL.so.1                     libs/libgl1
usr/lib/x86_64-linux-gnu/primus/libGL.so.1              utils/primus-libs
usr/lib/x86_64-linux-gnu/libjpeg.so                     libdevel/libjpeg62-turbo-dev
usr/lib/x86_64-linux-gnu/hdf5/serial/libhdf5.so         libdevel/libhdf5-dev
usr/lib/x86_64-linux-gnu/some/where/libplugin.so.1      libs/plugin
usr/lib/x86_64-linux-gnu/pkgconfig/libxml-2.0.pc        libdevel/libxml2-dev
usr/lib/ocaml/zlib/zlib.h                               ocaml/libzip-ocaml-dev
usr/share/doc/some where/read me.h                      doc/some-doc
"""
COMMON = "usr/share/eigen3/cmake/Eigen3Config.cmake              libdevel/libeigen3-dev\n"
PACKAGES = """\
Package: tcl-dev
Section: devel
Depends: tcl8.6-dev (>= 8.6.0), tcl (= 8.6.13)

Package: tcl8.6-dev
Section: devel

Package: libcurl4-gnutls-dev
Source: curl (7.88)
Section: libdevel
Provides: libcurl-dev, libcurl4-dev (= 7)

Package: libcurl4-openssl-dev
Source: curl
Section: libdevel
Provides: libcurl-dev

Package: something
Depends: libcurl4-gnutls-dev | libcurl-dev, libicu72 (>= 1), gcc:any
Description: words
 and more words: with a colon

Package: default-libmysqlclient-dev
Section: database

Package: libicu72
Section: libs

Package: libglib2.0-0t64
Section: libs
Provides: libglib2.0-0 (= 2.80)

Package: libssl3t64
Section: libs

Package: gfortran
Section: devel
"""
SUITE = "stable"


class Archive:
    """What is served now; ``asked`` holds every request's path and status."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.address = ""
        self.asked: list[tuple[str, int]] = []
        self.publish(CONTENTS, PACKAGES)

    @property
    def source(self) -> Source:
        return Source(self.address, SUITE, "main", "amd64")

    def publish(self, contents: str, packages: str, *, by_hash: bool = True) -> None:
        files = {
            "main/Contents-amd64.gz": gzip.compress(contents.encode(), mtime=0),
            "main/Contents-all.gz": gzip.compress(COMMON.encode(), mtime=0),
            "main/binary-amd64/Packages.xz": lzma.compress(packages.encode()),
        }
        lines = [f" {hashlib.sha256(data).hexdigest()} {len(data):8} {path}" for path, data in files.items()]
        head = ["Hash: SHA256", "", "Architectures: all amd64", "No-Support-for-Architecture-all: Packages"]
        head += ["Acquire-By-Hash: yes"] if by_hash else []
        release = "\n".join([*head, "MD5Sum:", f" {'0' * 32} 1 x", "SHA256:", *lines, "-----END", ""])
        self.files = {f"/dists/{SUITE}/{path}": data for path, data in files.items()}
        self.files[f"/dists/{SUITE}/InRelease"] = release.encode()
        for path, data in files.items() if by_hash else ():
            folder = path.rpartition("/")[0]
            digest = hashlib.sha256(data).hexdigest()
            self.files[f"/dists/{SUITE}/{folder}/by-hash/SHA256/{digest}"] = data

    def spoil(self, part: str) -> None:
        """Cut every file whose path has ``part`` in half."""
        for path in [path for path in self.files if part in path]:
            self.files[path] = self.files[path][: len(self.files[path]) // 2]

    def take(self) -> list[tuple[str, int]]:
        """The last part and the status of every request since the last time."""
        asked, self.asked = self.asked, []
        return [(path.rpartition("/")[2], status) for path, status in asked]


@contextmanager
def serving() -> Iterator[Archive]:
    """An archive that answers until the block ends."""
    archive = Archive()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = archive.files.get(self.path)
            etag = f'"{hashlib.sha256(body or b"").hexdigest()[:16]}"'
            known = body is not None and self.headers.get("If-None-Match") == etag
            status = 404 if body is None else 304 if known else 200
            archive.asked.append((self.path, status))
            self.send_response(status)
            self.send_header("ETag", etag)
            content = body if body is not None and status == 200 else b""
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    archive.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield archive
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Configuration files in ini form, read the way the tools that own them do: leniently.

Never raises: a file that cannot be read is as good as an empty one.
"""

from __future__ import annotations

import configparser


def read_ini(text: str, *, keep_case: bool = False) -> configparser.RawConfigParser:
    """The sections of ``text``, empty when it is none; ``keep_case`` leaves option names as written."""
    parser = _parser(keep_case)
    try:
        parser.read_string(text)
    # configparser itself fails with AttributeError on an indented line below an option without value.
    except (configparser.Error, AttributeError):
        return _parser(keep_case)
    return parser


def _parser(keep_case: bool) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, comment_prefixes=("#", ";"))
    if keep_case:
        parser.optionxform = str  # type: ignore[assignment,method-assign]  # names of extras keep their case
    return parser

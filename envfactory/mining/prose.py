"""Cleans what people and merge buttons write around a change until only the description is left.

Works on text alone: trailers, references, check lists, bot lines and reStructuredText roles.  What
must not be told for other reasons is the business of ``leaks``.
"""

from __future__ import annotations

import re

_LONGEST_LINE = 1000
"""Longer lines are taken as they are: the patterns below are for what a person types on a line."""

_NUMBER = r"(?:[\w.-]+/[\w.-]+)?(?:#|GH-)\d+"
_URL = r"<?https?://\S+(?=\s|$)"
_REFERENCE = rf"(?:{_NUMBER}|{_URL})"
_CLOSING_WORD = r"(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?)"


def _any(*forms: str) -> re.Pattern[str]:
    """Matches a whole line, perhaps a list item, of any of these forms."""
    return re.compile(rf"\s*(?:[-*•]\s+)?(?:{'|'.join(forms)})\s*", re.IGNORECASE)


_TRAILER = _any(
    r"[a-z]+(?:-[a-z]+)*-by:.*",
    r"(?:cc|bug|pr|issue|link|reviewed-on|change-id|pr[- ]url|gitorigin-revid|piperorigin-revid):\s*\S*",
    r"see merge request \S+",
    r"differential revision:.*",
    r"\[?(?:ci skip|skip ci)\]?",
    r"\(?cherry[- ]picked from commit .*",
    r"this reverts commit .*",
    r"<[^<>\s]+@[^<>\s]+>",
    r"\W*generated with \S.*",
)
_REFERENCE_ONLY = _any(
    rf"(?:(?:this|it|also|should|pr|commit|change|and)\s+)*(?:{_CLOSING_WORD}|addresses|refs?|references?"
    r"|see(?: also)?|related(?: to)?|re|part of|follow[- ]?up (?:to|of|on)|for|from|implements?|issue)?"
    rf"\s*:?\s*(?:issues?\s+|bug\s+)?{_REFERENCE}(?:(?:,|\s+and|\s+&)?\s+(?:{_CLOSING_WORD}\s+)?{_REFERENCE})*\s*[.!]?"
)
_NOISE = _any(
    r"(?:fixup|squash|amend)! .*",
    r"\[?wip\b.*",
    r"merge (?:remote-tracking )?(?:branch(?:es)?|pull request|tag|commit|upstream|origin|main|master)\b.*",
    r"\[pre-commit\.ci\].*|pre-commit (?:autoupdate|fixes|autofix).*|auto(?:matic)?[- ]?(?:fix|format)\w*",
    r"(?:run|apply|fix|make|appease|please|satisfy|more)?\s*(?:black|isort|flake8?|ruff|lint(?:ing|er)?|mypy"
    r"|pep-?8|yapf|pylint|style|formatting|typos?|ci|tests?|docs?|build|coverage|type hints?|typing|imports?)"
    r"(?: (?:fix(?:es)?|errors?|issues?|happy|again|checks?|failures?|nits?))?[.!]?",
    r"(?:address|apply|appli|respond|incorporat|implement)\w* (?:\w+ ){0,3}"
    r"(?:reviews?|comments?|feedback|suggestions?|nits?)\b.*",
    r"(?:code )?review(?:er)?(?: (?:comments?|feedback|fixes|changes))?\.?|suggestions? from .*",
    r"apply suggestions from code review",
    r"(?:update|create|delete|rename|add)d? [\w./-]*\.(?:py|rst|md|txt|toml|cfg|yml|yaml|ini|gitignore)\.?",
    r"(?:update|add|fix|edit|write)(?:s|ed)? (?:an? |the )?(?:change ?log|changes|news|history|authors"
    r"|contributors|release notes|whats ?new)(?:\.\w+| entry| file)?(?: for #?\d+)?\.?",
    rf"(?:oops|typos?|{_CLOSING_WORD}:?(?: ?#)?|updates?|clean ?up|minor(?: fixes)?|nits?|more|again"
    r"|rebase)[.!]?",
    r"#?\s*conflicts?:?.*|resolve[sd]? (?:merge )?conflicts?.*",
    r"bump version.*",
    r"(?:a |an )?(?:proposed|possible|potential|quick|small|attempt(?:ed)? to|another)? ?"
    r"(?:bug ?)?(?:fix|patch|solution|workaround)(?:es)?(?: (?:for|of))?(?: (?:an? |the )?(?:issue|bug))?\.?",
    r"[-=_*.]{2,}",
    r"for more information,? see <?https?://\S+",
    r"(?:fix|remove|tweak|rename|skip|move|adjust|clean ?up|improve|better|shut up|silence|trigger|appease"
    r"|add)\w* (?:[\w./-]+ ){0,3}(?:tests?|pytest|linters?|linting|flake8|mypy|black|ruff|ci|travis|tox"
    r"|newlines?|whitespace|build|coverage|typos?)(?: warnings?)?[.!]?",
    r"trailing whitespace|spelling",
    r"(?:add|fix|tweak|update)\w* (?:\w+ ){0,2}(?:change ?(?:note|log)|news)\b.*",
    r"(?:add|put) .{1,40} to (?:the )?(?:contributors|authors)\b.*",
    r"(?:add(?:s|ed|ing)?|write|extend|improve|update|more|new) (?:\w+ )?(?:unit ?)?tests?(?: cases?)?[.!]?",
    r"(?:if (?:\w+ ){1,4}(?:ok|okay|fine|wanted|welcome|desired),? )?"
    r"(?:i(?:'ll| will| can| could|'d| would|'m| am)|happy|glad|willing)\b[^.:]{0,30}"
    r"\b(?:open|submit|provide|send|make|create|raise|prepare)\b[^.:]{0,25}"
    r"\b(?:prs?|pull requests?)\b[^.:]{0,50}[.!?]?",
    r"(?:hi|hello|hey)(?: (?:all|there|everyone|folks|team))?[,!. ]*|(?:what do you think|thoughts)\s*\?+",
)
_CHECK_LIST = re.compile(
    r"\s*(?:[-*]\s*\[[ xX]?\].*|#+\s*(?:checklist|type of change|how has this been tested|pr checklist|tests?"
    r"|testing|related issues?|linked issues?|screenshots?)\b.*)",
    re.IGNORECASE,
)

_CLOSING = re.compile(
    rf"[ \t]*[(\[]?\b(?:{_CLOSING_WORD}|refs?|references?|see|issue)\b:?\s*(?:issue\s*)?{_NUMBER}"
    rf"(?:(?:,|\s+and|\s+&)\s*{_NUMBER})*[)\]]?",
    re.IGNORECASE,
)
_BARE_NUMBER = re.compile(r"[ \t]*[(\[](?:issue |pr |bug )?(?:#|GH-)\d+(?:, ?#\d+)*[)\]]", re.IGNORECASE)
_PULL_URL = re.compile(r"<?https?://\S+/(?:pull|commit|merge_requests|compare)/\S+")
_SHA = re.compile(r"(?<![\w/])(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{10,40}\b")
_ROLE_REFERENCE = re.compile(
    r"[ \t]*[(\[]?(?::{0}:|\{{{0}\}})`[^`]*`[)\]]?[,;]?".format(
        "(?:issue|pr|pull|gh|ghpull|ghissue|bug|user|author|commit|ticket)"
    )
)
_CREDITS = re.compile(
    r"[ \t]*[(\[](?=[^)\]]*(?::\w+:`|#\d|@\w|GH-\d))(?:\s|[,;&]|:\w+:`[^`]*`|(?:#|GH-)\d+|@[\w-]+"
    r"|\b(?:by|and|via|from|in|see|thanks|to|patch|pr|issue|closes|fixes|reported|contributed)\b)+[)\]]",
    re.IGNORECASE,
)
"""Brackets with nothing in them but references and people, e.g. ``(:issue:`12` by :user:`x`)``."""
_BY = re.compile(r"[ \t]*(?:[-–—]+[ \t]*)?\b(?:by|via|from|thanks to)[ \t]+:user:`[^`]*`", re.IGNORECASE)
_ROLE = re.compile(r"(?::(?:[a-z]+:)?[a-z]+:|\{(?:[a-z]+:)?[a-z]+\})`~?!?\.?([^`<]+?)(?: ?<[^>`]*>)?`")
_LINKED = re.compile(
    r"[ \t]*[(\[]?`(?:#|GH-?)\d+(?: ?<[^>]*>)?`_+[)\]]?|[ \t]*\[#\d+\]\([^)]*\)", re.IGNORECASE
)
_CREDIT = re.compile(
    r"[ \t]*(?:[-–—(][ \t]*)?(?:thanks(?: to)?|(?:patch|contributed|reported|pr|pull request) by|by @)"
    r"[^.]{0,80}[.)]{0,2}[ \t]*$",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"(?:[ \t]*\b(?:in|of|for|see|from|by|to|via|per|and|with|on|issue|ref|the|is|as)\b|[ \t]*&)+"
    r"[ \t]*[.,:;]?$",
    re.IGNORECASE,
)
_STATE = re.compile(r"^\s*\[(?:wip|rfc|mrg(?:\+\d)?|draft|ready)\]\s*", re.IGNORECASE)
"""Where a pull request stands, said in its title."""
_NAME = re.compile(r"\S*(?:[_=/(]|\w\.\w|[a-z][A-Z])")
"""A first word that is a name in the code: its case means something."""
_GONE = "\0"
_OPENING = re.compile(r"[ \t]*[(\[]")
_CLOSER = re.compile(r"[)\]][.,:;]*$")
_EMPTIED = re.compile(rf"[ \t]*[(\[]{_GONE}[)\]]|(?<=[(\[]){_GONE}[ \t,;:–—-]*|[ \t,;]*{_GONE}")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


_OF_TESTS = re.compile(
    r"\W*(?:(?:this|it|i|i've|we|we've|pr|commit|patch|change|also|and|have|has|the|a|an)\s+)*"
    r"(?:(?:add|includ|updat|extend|improv|writ|introduc|adjust|creat)\w*\s+(?:[\w-]+\s+){0,4}?"
    r"(?:tests?|test[- ]?(?:cases?|suite|coverage)|unit ?tests?)\b|tests? (?:(?:are|were|is|have been) )?"
    r"(?:added|included|updated|extended)\b)[^.:]{0,80}[.!]?\W*",
    re.IGNORECASE,
)


def tells_of_tests(text: str) -> bool:
    """Is this one sentence, and is it about tests that were added."""
    return len(text) <= _LONGEST_LINE and _OF_TESTS.fullmatch(text) is not None


def is_noise(line: str) -> str:
    """Why a line says nothing about the change; '' when it may say something."""
    if not line.strip() or len(line) > _LONGEST_LINE:
        return ""
    if _CHECK_LIST.fullmatch(line):
        return "check list"
    if _TRAILER.fullmatch(line):
        return "trailer"
    if _REFERENCE_ONLY.fullmatch(line):
        return "only a reference"
    return "says nothing about the change" if _NOISE.fullmatch(line) else ""


def clean_line(line: str) -> str:
    """A line without references to issues, pull requests and commits; markup as Markdown."""
    if len(line) > _LONGEST_LINE:
        return line.rstrip()
    raw = line
    line = _CREDITS.sub("", line)
    line = _without(_LINKED, _without(_ROLE_REFERENCE, _BY.sub("", line)))
    if "```" not in line:
        line = _ROLE.sub(r"`\1`", line).replace("``", "`")
    linked = line
    line = _SHA.sub("", _BARE_NUMBER.sub("", _without(_CLOSING, _without(_PULL_URL, line))))
    if line == linked == raw:
        return line.rstrip()
    if not re.search(r"\w", line):
        return ""
    if line != linked:
        line = _DANGLING.sub("", line.rstrip())
        line = re.sub(r"^(\s*(?:[-*]\s+)?)[:;,.]\s*", r"\1", line)
    return re.sub(r"(?<=[\w`)\"'])[ ,;:]+([.,;:])(?=\s|$)", r"\1", line).rstrip()


def _without(reference: re.Pattern[str], line: str) -> str:
    """The line without such references; a bracket goes with its other half or stays with it."""
    cleaned = reference.sub("", line)
    if _open(cleaned) == _open(line):
        return cleaned
    return _EMPTIED.sub("", reference.sub(lambda found: _halves(found[0]), line))


def _halves(reference: str) -> str:
    """The bracket that a reference took without its other half, with ``_GONE`` for the rest."""
    if not any(_open(reference)):
        return ""
    opening, closing = _OPENING.match(reference), _CLOSER.search(reference)
    return f"{opening[0] if opening else ''}{_GONE}{closing[0] if closing else ''}"


def _open(text: str) -> tuple[int, int]:
    """How many round and square brackets are not closed."""
    return text.count("(") - text.count(")"), text.count("[") - text.count("]")


def clean_title(title: str) -> str:
    """A title without numbers: ``Fix #616: allow x`` -> ``Allow x``."""
    cleaned = re.sub(r"\s{2,}", " ", clean_line(title.replace("\n", " ")))
    cleaned = _STATE.sub("", cleaned).strip(" -–—:;,.")
    if _NAME.match(cleaned):
        return cleaned
    return cleaned[:1].upper() + cleaned[1:]


def strip_comments(text: str) -> str:
    """Text without HTML comments, as pull request templates carry them."""
    return _COMMENT.sub("", text)


def strip_credit(line: str) -> str:
    """A changelog line without the thanks at its end."""
    return line if len(line) > _LONGEST_LINE else _CREDIT.sub("", line)


def words(text: str) -> int:
    """How many words of at least two letters there are."""
    return len(re.findall(r"[^\W\d_]{2,}", text))


def blocks(text: str) -> list[list[str]]:
    """Lines in groups that stand or fall together: paragraphs, list items, fenced code, blank lines."""
    found: list[list[str]] = []
    fenced = joins = False
    for line in text.split("\n"):
        fence = line.lstrip().startswith("```")
        starts = re.match(r"\s*(?:[-*•+]|\d+[.)])\s", line) is not None
        if found and (fenced or (joins and line.strip() and not starts and not fence)):
            found[-1].append(line)
        else:
            found.append([line])
        joins = bool(line.strip()) and not (fenced and fence)
        fenced = fenced != fence
    return found


def tidy(lines: list[str]) -> str:
    """Lines joined, outer blank lines removed and runs of them made one, but for those of fenced code."""
    kept: list[str] = []
    fenced = False
    for line in "\n".join(lines).split("\n"):
        fence = line.lstrip().startswith("```")
        if fenced or line.strip() or (kept and kept[-1].strip()):
            kept.append(line if fenced else line.rstrip())
        fenced = fenced != fence
    return "\n".join(kept).strip("\n ")

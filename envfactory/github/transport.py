"""One call to GitHub: PyGithub speaks to it, requests-cache keeps its answers to be asked for again by ETag.

Answers to GET are kept on disk without the ``Authorization`` header.  Every GET that is in the cache
becomes a conditional request, which costs no quota where the answer is 304:
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api.  Never
retries, never waits, never judges a status.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envfactory.github.addresses import Addresses

if TYPE_CHECKING:
    from github.Requester import Requester
    from pydantic import SecretStr

USER_AGENT = "swe-envfactory"
API_VERSION = "2022-11-28"
"""https://docs.github.com/en/rest/about-the-rest-api/api-versions"""
SECONDS = 60
"""For an answer to begin; GitHub itself gives up on a GraphQL query after ten."""


class Unavailable(Exception):
    """No answer, or one that did not arrive whole; asking again may help."""


@dataclass(frozen=True)
class Answer:
    """What GitHub said; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    data: Any


class Transport:
    """Connections with one cache; ``calls`` counts what went over the wire."""

    def __init__(self, addresses: Addresses, tokens: Sequence[SecretStr], cache: Path) -> None:
        self.calls: Counter[str] = Counter()
        """``rest``, ``graphql``, ``conditional`` (REST calls with an ETag) and ``unchanged`` (304)."""
        self._addresses = addresses
        self._session = _session(cache, self.calls)
        kind = _requester(self._session)
        self._rest = [_open(kind, addresses.api, token) for token in tokens or (None,)]
        self._graphql = [_open(kind, addresses.graphql, token) for token in tokens or (None,)]

    def get(self, token: int, path: str, parameters: Mapping[str, Any]) -> Answer:
        """GET ``path`` (from ``/`` on) of the API, with the token at that position."""
        self.calls["rest"] += 1
        return self._ask(self._rest[token], "GET", path, dict(parameters), None)

    def post(self, token: int, query: str, variables: Mapping[str, Any]) -> Answer:
        """A GraphQL query."""
        self.calls["graphql"] += 1
        body = {"query": query, "variables": dict(variables)}
        return self._ask(self._graphql[token], "POST", self._addresses.graphql, {}, body)

    def close(self) -> None:
        """Close the connections and the cache."""
        self._session.close()

    def _ask(
        self, requester: Requester, verb: str, url: str, parameters: dict[str, Any], body: Any
    ) -> Answer:
        import json

        import requests

        try:
            status, headers, text = requester.requestJson(verb, url, parameters=parameters, input=body)
            data = json.loads(text) if text else None
        except requests.exceptions.SSLError as error:
            raise _unusable(url, error) from error
        except (requests.RequestException, OSError, RuntimeError) as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error
        except ValueError as error:
            if status < 400:
                raise Unavailable(f"HTTP {status} with a body that is no JSON") from error
            data = None  # the error page of a proxy
        return Answer(status, {name.lower(): str(value) for name, value in headers.items()}, data)


def _unusable(url: str, error: Exception) -> Exception:
    from envfactory.errors import PrerequisiteError

    return PrerequisiteError(
        f"no encrypted connection to {url}: {error}", hint="check the certificates (REQUESTS_CA_BUNDLE)"
    )


def _session(cache: Path, calls: Counter[str]) -> Any:
    """A session that keeps what it got and asks again for it by ETag."""
    import requests
    import requests_cache
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        """Counts calls.  Hides ``Vary``: it names ``Authorization``, which the cache never stores, so that
        requests-cache would take no kept answer for an answer to the same question."""

        def send(self, request: requests.PreparedRequest, *given: Any, **named: Any) -> requests.Response:
            calls["conditional"] += "If-None-Match" in request.headers
            response = super().send(request, *given, **named)
            calls["unchanged"] += response.status_code == 304
            response.headers.pop("Vary", None)
            return response

    session = requests_cache.CachedSession(
        str(cache),
        backend="filesystem",
        serializer="json",
        always_revalidate=True,
        allowable_methods=("GET",),
        allowable_codes=(200,),
    )
    session.auth = lambda request: request  # as PyGithub does: no credentials out of .netrc
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter())
    return session


def _requester(session: Any) -> type[Requester]:
    """PyGithub's ``Requester`` on our session; PyGithub's own class is left as it is."""
    from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

    def onto(base: type[Any]) -> type[Any]:
        class Connection(base):  # type: ignore[misc]
            def __init__(self, *given: Any, **named: Any) -> None:
                super().__init__(*given, **named)
                self.session = session

            def close(self) -> None:
                """The session outlives the connection."""

        return Connection

    class OurRequester(Requester):
        """Has connection classes of its own."""

    OurRequester.injectConnectionClasses(
        onto(HTTPRequestsConnectionClass), onto(HTTPSRequestsConnectionClass)
    )
    return OurRequester


def _open(kind: type[Requester], url: str, token: SecretStr | None) -> Requester:
    from github import Auth

    return kind(
        auth=Auth.Token(token.get_secret_value()) if token is not None else None,
        base_url=url,
        timeout=SECONDS,
        user_agent=USER_AGENT,
        per_page=100,
        verify=True,
        retry=0,
        pool_size=None,
        api_version=API_VERSION,
    )

"""One question to an OpenAI-compatible endpoint (``POST …/chat/completions``): HTTP and nothing else.

The key is read from the environment when a question is asked, sent as a header, and kept nowhere: not
in settings, logs, the store, messages of errors or bundles.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import requests
import stamina

from envfactory.errors import ModelError, PrerequisiteError
from envfactory.records import Record

KEYS = ("ENVFACTORY_MODEL_API_KEY", "OPENAI_API_KEY")
CONNECT_SECONDS, READ_SECONDS = 15.0, 180.0
ATTEMPTS = 4
PATIENCE_SECONDS = 120.0
MAX_OUTPUT_TOKENS = 4000
"""Room for models that think before they answer; a change has less than 100, a statement about 2,000."""


class Answer(Record):
    """What a model wrote; tokens are ``None`` when the endpoint does not count them."""

    text: str
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True)
class Endpoint:
    """A model behind an address such as ``http://localhost:8000/v1``."""

    url: str
    model: str
    first_wait: float = 1.0
    """Seconds before the second attempt; later ones double it."""

    def ask(self, system: str, user: str) -> Answer:
        """The model's answer to one question.

        Raises ``ModelError``: ``model_unreachable`` (retryable) after several attempts,
        ``model_refused`` for what the endpoint does not accept; ``PrerequisiteError`` when key, address
        or name of the model are wrong, which every other question would meet too.
        """
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        body: dict[str, Any] = {"model": self.model, "messages": messages, "max_tokens": MAX_OUTPUT_TOKENS}
        response = self._post(body)
        if response.status_code == 400 and "max_completion_tokens" in response.text:
            body["max_completion_tokens"] = body.pop("max_tokens")  # the newer name of the same bound
            response = self._post(body)
        return self._answer(response)

    def _post(self, body: dict[str, Any]) -> requests.Response:
        try:
            for attempt in stamina.retry_context(
                on=_transient, attempts=ATTEMPTS, timeout=PATIENCE_SECONDS, wait_initial=self.first_wait
            ):
                with attempt:
                    response = requests.post(
                        f"{self.url.rstrip('/')}/chat/completions",
                        json=body,
                        auth=_sign,
                        timeout=(CONNECT_SECONDS, READ_SECONDS),
                        allow_redirects=False,
                    )
                    if response.status_code == 429 or response.status_code >= 500:
                        raise requests.HTTPError(f"HTTP {response.status_code}", response=response)
        except requests.RequestException as error:
            raise ModelError(
                f"the model at {self.url} gives no answer: {error}",
                cause="model_unreachable",
                retryable=True,
                hint="try again later, or unset `model`",
            ) from error
        return response

    def _answer(self, response: requests.Response) -> Answer:
        if response.status_code in (401, 403, 404):
            raise PrerequisiteError(
                f"{self.url} says HTTP {response.status_code} to a question for {self.model}",
                hint=f"check model and model_url, and set {KEYS[0]} to a valid key",
            )
        try:
            data = response.json()
            usage = data.get("usage") or {}
            return Answer(
                text=data["choices"][0]["message"]["content"] or "",
                input_tokens=usage.get("prompt_tokens"),
                output_tokens=usage.get("completion_tokens"),
            )
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            raise ModelError(
                f"{self.url} says HTTP {response.status_code}, and no answer that can be read",
                cause="model_refused",
                log=response.text[:2000],
            ) from None


def _sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Given as ``auth``, or requests would send what a ``.netrc`` file says of the host."""
    key = next((value for name in KEYS if (value := os.environ.get(name, "").strip())), "")
    if key:
        request.headers["Authorization"] = f"Bearer {key}"
    return request


def _transient(error: Exception) -> bool:
    if isinstance(error, requests.HTTPError):
        return True
    return isinstance(error, requests.ConnectionError | requests.Timeout) and not isinstance(
        error, requests.exceptions.SSLError
    )

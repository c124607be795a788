"""The GraphQL queries, checked against GitHub's published schema by the tests.

One query brings a hundred pull requests with everything about them.  What it costs GitHub, by its own
formula (https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api):
1 request for the list, 100 each for labels, commits and linked issues, 1,000 for their comments: 13
points, of 5,000 an hour.
"""

from __future__ import annotations

from collections.abc import Sequence

COMMENTS = 50
"""Of one issue with the first call; further ones only where more of them are older than the pull request."""

_TEXTS = f"""
fragment Words on Issue {{
  number title body
  repository {{ nameWithOwner }}
  comments(first: {COMMENTS}) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ ...Said }} }}
}}
fragment Said on IssueComment {{ author {{ login }} createdAt body }}
"""

_PULL = f"""
fragment Pull on PullRequest {{
  number title body updatedAt createdAt mergedAt
  author {{ login }}
  headRefName headRefOid baseRefName baseRefOid
  mergeCommit {{ oid }}
  labels(first: 20) {{ nodes {{ name }} }}
  commits(last: 100) {{ totalCount nodes {{ commit {{ oid message author {{ name }} }} }} }}
  closingIssuesReferences(first: 10) {{ nodes {{ ...Words }} }}
}}
{_TEXTS}"""

MERGED = f"""
query Merged($owner: String!, $name: String!, $first: Int!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    pullRequests(
      states: [MERGED], orderBy: {{field: UPDATED_AT, direction: DESC}}, first: $first, after: $after
    ) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ ...Pull }}
    }}
  }}
}}
{_PULL}"""
"""Merged pull requests, latest update first.  There is no order by the date of the merge."""

COMMENTS_AFTER = """
query Comments($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    issue(number: $number) {
      comments(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { author { login } createdAt body }
      }
    }
  }
}
"""


def numbered(numbers: Sequence[int]) -> str:
    """A query for these pull requests, each under the name ``n<number>``."""
    asked = "\n".join(f"    n{number}: pullRequest(number: {number}) {{ ...Pull }}" for number in numbers)
    return _of_repository("Numbered", asked) + _PULL


def issues(numbers: Sequence[int]) -> str:
    """A query for these issues, each under the name ``n<number>``; empty where it is a pull request."""
    asked = "\n".join(
        f"    n{number}: issueOrPullRequest(number: {number}) {{ ...Words }}" for number in numbers
    )
    return _of_repository("Issues", asked) + _TEXTS


def _of_repository(name: str, asked: str) -> str:
    return (
        f"query {name}($owner: String!, $name: String!) {{\n"
        f"  repository(owner: $owner, name: $name) {{\n{asked}\n  }}\n}}\n"
    )

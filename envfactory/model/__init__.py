"""The one room that talks to a language model: endpoint, cost cap, answers kept by their question.

Off unless the setting ``model`` names one.  What is asked, and what an answer is good for, is the
business of the stage that asks; nothing here is ever needed to make a task.
"""

from envfactory.model.budget import Budget, Prices
from envfactory.model.client import Model, Reply
from envfactory.model.endpoint import Endpoint

__all__ = ["Budget", "Endpoint", "Model", "Prices", "Reply"]

"""The behavioural suite: does a model do what a reader would expect, one capability at a time?"""

from communique.behaviour.report import BehaviourReport
from communique.behaviour.suite import behave

__all__ = ["BehaviourReport", "behave"]

"""Matching: a provider and personalities in, ranked candidates with the reason of each out.

Invariant: pure; knows neither registry nor process.
"""

from runtime.matching.catalogue import Catalogue
from runtime.matching.provider import Provider
from runtime.matching.rank import Candidate, Ranking, match

__all__ = ["Candidate", "Catalogue", "Provider", "Ranking", "match"]

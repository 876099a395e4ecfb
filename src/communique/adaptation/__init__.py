"""Self-training on the user's own documents: a saved model scores them, one encoder learns from that and from ours.

The archive's text stays where it is: a run keeps its fingerprint and how much it was. Nothing of what the run is
measured on may stand in the archive; the decision rule is fitted on our validation part, as always.
"""

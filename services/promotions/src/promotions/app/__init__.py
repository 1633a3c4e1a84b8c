"""Use cases with more than one door or more than one aggregate."""

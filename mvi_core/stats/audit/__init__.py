"""Do the printed numbers of a paper agree with each other, and what must have been counted to give them?"""

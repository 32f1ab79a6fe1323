"""The customer's pages: each translates a request in, makes one call into the domain, and translates the answer out."""

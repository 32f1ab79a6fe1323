"""The customer's pages about money: each translates a request in, makes one call into the domain, translates out."""

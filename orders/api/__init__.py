"""The reseller API: the wire's words in, one domain call, the wire's words out."""

"""The engine: claim work in the database, call a provider with no transaction open, apply what it said."""

"""Runs the panel's own Postgres, Redis and processes on a machine that has only Python; standard library only."""

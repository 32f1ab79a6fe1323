"""How dates are written, the admin included: one way for everybody. A module per language."""

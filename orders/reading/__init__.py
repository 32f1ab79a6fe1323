"""What the pages and the API read of catalogue and orders: set-based queries into frozen values, never a write."""

"""What writes orders: each operation is one transaction that locks, decides, applies and records."""

"""The shape of what people type about money: customers on their pages, staff in the administration. Saves nothing."""

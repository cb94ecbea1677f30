"""What must outlive a restart, on SQLite or PostgreSQL: messages, deliveries, endpoints, keys."""

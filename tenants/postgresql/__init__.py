"""Django's PostgreSQL engine with deadlines that the client keeps."""

"""The patient table: who is in it, what it holds, and how it came about."""

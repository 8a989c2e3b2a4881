"""Commands for developers: tests and checks, their prerequisites, and the lock files."""

"""Accounts, the users in them, their roles, and the sessions in which they use the console."""

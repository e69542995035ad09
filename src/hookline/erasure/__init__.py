"""Erasures: a person is forgotten, everywhere that an account has something of them."""

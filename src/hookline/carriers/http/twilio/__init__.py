"""Twilio, and whoever answers as its Messages API does."""

"""Telephone audio: 8 kHz, 16 bit, one or two channels. Pure, and without any engine."""

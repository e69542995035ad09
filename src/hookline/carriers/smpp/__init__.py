"""SMPP 3.4: the protocol that mobile carriers and aggregators take messages by."""

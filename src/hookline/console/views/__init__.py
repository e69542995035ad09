"""What the pages show, worked out from what the rooms answer. Pure."""

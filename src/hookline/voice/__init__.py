"""Voice engines: what rings telephones, plays to them, hears digits and records."""

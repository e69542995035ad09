"""The pages: each module is a table of addresses and what answers them."""

"""The sandbox: a carrier inside the process, for trying things out and for every test credential."""

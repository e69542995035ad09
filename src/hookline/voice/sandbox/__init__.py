"""The sandbox: a voice engine inside the process, for trying things out and for every test call."""

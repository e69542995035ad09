"""Any carrier with an HTTP API that a template can describe."""

"""SMS messages: submission, routing, dispatch, receipts, inbound, segments and opt-outs."""

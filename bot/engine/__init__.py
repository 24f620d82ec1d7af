"""Durable execution of messages (DESIGN section 6): queues, the effect log's rules, settling."""

"""The audit trail: who did what, recorded, queried and streamed."""

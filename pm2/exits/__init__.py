"""Why processes ended: classification, recording, and the stream of events."""

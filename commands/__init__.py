"""Words into typed intents, and what carries them out. No network, no clock, no chat or platform library."""

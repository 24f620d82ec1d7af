"""Changes of a case that no verb makes, each as an action of ``do``."""

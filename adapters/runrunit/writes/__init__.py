"""The write requests, by what they change: a task, a whole run, or the comments."""

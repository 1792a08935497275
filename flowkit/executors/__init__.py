"""Where steps run: worker threads, event loops, and what keeps their time."""

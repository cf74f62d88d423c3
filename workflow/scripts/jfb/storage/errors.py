"""What ends a job with one line that says what to do."""


class Refused(Exception):
    """A job can't do what it is asked to; the message is one line."""

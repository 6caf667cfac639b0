"""The one exception for mistakes that a user can mend."""


class UserError(Exception):
    """Input or settings are wrong in a way the user can put right.

    The message names the file, image or key at fault and says what to do.
    The command-line tools print it without a traceback and exit with
    status 2.
    """

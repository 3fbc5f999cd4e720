"""Charts of the history in the admin: on the pages of instances and exits."""

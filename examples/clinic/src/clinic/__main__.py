"""``python -m clinic migrate``, and all else that Django's commands do."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    execute_from_command_line(["python -m clinic", *sys.argv[1:]])


if __name__ == "__main__":
    main()

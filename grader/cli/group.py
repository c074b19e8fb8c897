"""A command group in which `grade PATH` means `grade run PATH`, and which imports a command when it is called for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class DefaultCommandGroup(click.Group):
    """A group that hands unknown first words to its default command."""

    def __init__(self, *args: Any, default_command: str, places: Mapping[str, str], **kwargs: Any) -> None:
        """Offer the commands of `places`: by name, the module and the attribute (`MODULE:ATTRIBUTE`) of each."""
        super().__init__(*args, **kwargs)
        self.default_command = default_command
        self.places = dict(places)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command in front of arguments that name no command."""
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if args and args[0] not in self.places and args[0] not in own:
            args = [self.default_command, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, imported now; what the others need costs it nothing."""
        if cmd_name not in self.places:
            return None
        module, attribute = self.places[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

"""What the program takes from its environment, and nothing else; `cli` builds from it."""

from aspire_gitops.settings.base import (
    PREFIX,
    LogFormat,
    Settings,
    default_state_dir,
    own_files,
    read_settings,
)
from aspire_gitops.settings.controller import (
    ControllerSettings,
    misspelt_variables,
    read_controller_settings,
    refuse_misspelt_variables,
)
from aspire_gitops.settings.secrets import (
    read_admin_key,
    read_delivery_secret,
    read_probe_key,
    read_secret,
    read_token,
    settings_warnings,
)

__all__ = [
    "PREFIX",
    "ControllerSettings",
    "LogFormat",
    "Settings",
    "default_state_dir",
    "misspelt_variables",
    "own_files",
    "read_admin_key",
    "read_controller_settings",
    "read_delivery_secret",
    "read_probe_key",
    "read_secret",
    "read_settings",
    "read_token",
    "refuse_misspelt_variables",
    "settings_warnings",
]

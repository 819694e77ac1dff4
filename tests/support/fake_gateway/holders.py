"""Teams and users: what limits a key from above. Made, read and called by name; nothing more."""

from copy import deepcopy
from typing import Any
from uuid import uuid4

from support.fake_gateway.wire import Refused, Request, Route

_UNSET: dict[str, Any] = {
    "max_budget": None,
    "models": [],
    "rpm_limit": None,
    "tpm_limit": None,
    "metadata": {},
}


class Holders:
    def __init__(self) -> None:
        self.teams: dict[str, dict[str, Any]] = {}
        self.users: dict[str, dict[str, Any]] = {}

    def routes(self) -> list[Route]:
        return [
            Route.of("POST", "/team/new", self.new_team),
            Route.of("GET", "/team/info", self.team),
            Route.of("POST", "/user/new", self.new_user),
            Route.of("GET", "/user/info", self.user),
        ]

    def new_team(self, request: Request) -> Any:
        team = request.body.get("team_id") or str(uuid4())
        member = {"user_id": "default_user_id", "role": "admin"}
        self.teams[team] = {
            **deepcopy(_UNSET),
            "blocked": False,
            "members_with_roles": [member],
            **request.body,
            "team_id": team,
        }
        return deepcopy(self.teams[team])

    def team(self, request: Request) -> Any:
        team = request.query["team_id"]
        if team not in self.teams:
            message = f"{{'message': 'Team not found, passed team id: {team}.'}}"
            raise Refused(404, message, "auth_error")
        return {"team_id": team, "team_info": deepcopy(self.teams[team]), "team_memberships": []}

    def new_user(self, request: Request) -> Any:
        body = {name: value for name, value in request.body.items() if name != "auto_create_key"}
        self.users[body["user_id"]] = {**deepcopy(_UNSET), "user_role": None, **body}
        return deepcopy(self.users[body["user_id"]])

    def user(self, request: Request) -> Any:
        user = request.query["user_id"]
        if user not in self.users:
            raise Refused(404, f"User {user} not found")
        return {"user_id": user, "user_info": deepcopy(self.users[user]), "keys": [], "teams": []}

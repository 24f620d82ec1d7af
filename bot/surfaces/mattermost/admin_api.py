"""The endpoints that only ``liaison mattermost setup`` uses, with an administrator's token."""

from bot.surfaces.mattermost.driver import MattermostApi, require_id
from bot.surfaces.mattermost.transport import Json, json_object, json_objects


class AdminApi(MattermostApi):
    async def all_teams(self) -> list[Json]:
        """Those that the administrator may see."""
        return json_objects(await self.client.get("/teams", params={"per_page": 200}))

    async def add_to_team(self, team: str, user: str) -> None:
        body = {"team_id": require_id(team), "user_id": require_id(user)}
        await self.client.post(f"/teams/{team}/members", options=body)

    async def commands(self, team: str) -> list[Json]:
        params = {"team_id": require_id(team), "custom_only": "true"}
        return json_objects(await self.client.get("/commands", params=params))

    async def create_command(self, command: Json) -> Json:
        return json_object(await self.client.post("/commands", options=command))

    async def update_command(self, command: Json) -> Json:
        """Keeps the token."""
        return json_object(await self.client.put(f"/commands/{require_id(command['id'])}", options=command))

    async def execute_command(self, channel: str, team: str, text: str) -> Json:
        """Types the command as the administrator."""
        body = {"channel_id": require_id(channel), "team_id": require_id(team), "command": text}
        return json_object(await self.client.post("/commands/execute", options=body))

    async def server_settings(self) -> Json:
        """The section ``ServiceSettings``. Some of it is hidden from all but system administrators."""
        config = json_object(await self.client.get("/config"))
        settings = config.get("ServiceSettings")
        return settings if isinstance(settings, dict) else {}

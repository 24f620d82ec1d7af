"""A fake Mattermost site with the Playbooks plugin."""

from collections import Counter

from aiohttp import web

from adapters.testing.fake_server import Fake, Seen
from adapters.testing.harness import RUNBOOK, TASKS
from tests.adapters.playbooks.fake_core import Core, no_route
from tests.adapters.playbooks.fake_responses import RECORDED, Json
from tests.adapters.playbooks.fake_routes import PlaybooksRoutes

TOKEN = "botaccesstokenplaybooks123"


def playbook_body(team: str) -> Json:
    """The request body that creates the playbook "Database failover"."""
    stages = dict.fromkeys(stage for stage, _ in TASKS)
    checklists = [
        {"title": stage, "items": [{"title": title} for here, title in TASKS if here == stage]} for stage in stages
    ]
    return {"title": RUNBOOK, "team_id": team, "description": "Primary is down", "checklists": checklists}


class PlaybooksFake(Fake):
    """``generation``: "1.20" as recorded, "2.x" as in the current source. ``prefix``: the site's sub-path.

    People: @relay (the bot whose token it is), @ana (Ana Reis) and @ben (Ben Cole), all in team "ops".
    """

    def __init__(
        self, token: str = TOKEN, generation: str = RECORDED, prefix: str = "", seed: bool = True
    ) -> None:
        super().__init__()
        self.token, self.prefix = token, prefix
        self.core = Core()
        self.routes = PlaybooksRoutes(self.core, generation, self.core.clock)
        self.world = self.routes.world
        self.playbook = ""
        if seed:
            self._seed()

    @property
    def site(self) -> str:
        return self.url + self.prefix

    @property
    def effects(self) -> Counter[str]:
        """Counts of what was executed, comments included, by the verb people type."""
        comments = Counter(str(post["props"].get("liaison", "")) for post in self.core.posts.values())
        return self.world.effects + Counter({kind: count for kind, count in comments.items() if kind})

    def settings(self) -> dict[str, str]:
        """The ``[platforms.NAME]`` table for this fake, once it is started."""
        return {"kind": "playbooks", "url": self.site, "token": self.token, "team": "ops"}

    def run(self, id: str) -> Json:
        return self.world.runs[id]

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        if not seen.path.startswith(self.prefix):
            return no_route()
        path = seen.path.removeprefix(self.prefix)
        return await self.routes.handle(request, seen, path) or await self.core.handle(seen, path) or no_route()

    def _seed(self) -> None:
        core = self.core
        self.bot = core.add_user("relay")
        core.tokens[self.token] = self.bot
        self.ana = core.add_user("ana", "ana@example.com", "Ana Reis")
        self.ben = core.add_user("ben", "ben@example.com", "Ben Cole")
        self.team = core.add_team("ops", [self.bot, self.ana, self.ben])
        self.playbook = self.world.add_playbook(playbook_body(self.team))

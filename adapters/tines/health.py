"""The health check of a Tines tenant (``liaison doctor``): a few small reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.errors import AdapterError, CredentialsRejected, NotFound, Rejected, Unreachable, Unsupported
from adapters.protocol import CheckResult
from adapters.tines import wire
from adapters.tines.api import Api
from adapters.tines.errors import MESSAGES
from adapters.tines.settings import TinesSettings
from adapters.tines.stories import normalized_name
from adapters.toolkit.health import check_result

_MAX_NAMES = 10


@dataclass
class HealthCheck:
    name: str
    settings: TinesSettings
    api: Api

    async def check(self) -> Sequence[CheckResult]:
        settings = self.settings
        try:
            templates = await self.api.first_cases({"tags": [settings.template_tag]}, "check")
        except AdapterError as error:
            return [self._failure(error)]
        if settings.team_id:
            results = [self._result("tines.health_check.answers", team=settings.team_id)]
        else:
            results = [self._result("tines.health_check.answers_all")]
        if not templates:
            results.append(self._result("tines.health_check.no_template", tag=settings.template_tag))
        return [*results, *await self._check_stories()]

    async def _check_stories(self) -> Sequence[CheckResult]:
        """Starting a story needs no permission of the key, reading it does."""
        try:
            stories = await self.api.stories("check")
        except AdapterError as error:
            if not self.settings.stories:
                return []
            return [self._result("tines.health_check.stories_hidden", said=error.said)]
        return [*self._configured_stories(stories), *self._available_stories(stories)]

    def _configured_stories(self, stories: Sequence[wire.Story]) -> Sequence[CheckResult]:
        results = []
        for name in self.settings.stories:
            matches = [story for story in stories if normalized_name(story.name) == normalized_name(name)]
            if matches and all(story.disabled for story in matches):
                results.append(self._result("tines.health_check.story_disabled", story=name))
            elif not matches:
                results.append(self._result("tines.health_check.story_unknown", story=name))
            elif len(matches) > 1:
                results.append(self._result("tines.health_check.story_ambiguous", story=name))
        return results

    def _available_stories(self, stories: Sequence[wire.Story]) -> Sequence[CheckResult]:
        """The stories that the settings could name."""
        configured = {normalized_name(name) for name in self.settings.stories}
        names = sorted({story.name for story in stories if story.name and not story.disabled})
        names = [name for name in names if normalized_name(name) not in configured]
        if not names:
            return []
        shown, more = ", ".join(names[:_MAX_NAMES]), len(names) - _MAX_NAMES
        if more > 0:
            return [self._result("tines.health_check.stories_available_more", stories=shown, count=more)]
        return [self._result("tines.health_check.stories_available", stories=shown)]

    def _failure(self, error: AdapterError) -> CheckResult:
        match error:
            case CredentialsRejected():
                return self._result("tines.health_check.token")
            case NotFound() | Unsupported():
                return self._result("tines.health_check.no_cases")
            case Rejected():
                return self._result("tines.health_check.refused", said=error.said)
            case Unreachable():
                return self._result("tines.health_check.unreachable")
        return self._result("tines.health_check.unreadable", said=error.said)

    def _result(self, key: str, **facts: object) -> CheckResult:
        return check_result(MESSAGES, key, name=self.name, url=self.settings.url, **facts)

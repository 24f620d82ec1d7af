"""Whose language a text is in: a private answer, form or error is in its person's, everything a channel sees in
the channel's (``Services.language``)."""

from adapters.toolkit.messages import language_of_locale
from commands.model.messages import Actor
from commands.model.ports import Services


def language_of(actor: Actor, services: Services) -> str:
    """The language of the actor's chat locale, or the channel's if there is no catalogue for it."""
    locale = actor.locale or services.people.cached_profile(actor).locale
    return language_of_locale(locale) or services.language

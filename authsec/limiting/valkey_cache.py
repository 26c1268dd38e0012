"""The cache that the limits of sign-in are counted in: Valkey, and the database while that does not answer.

Sign-in then goes on, under the same limits counted anew: what was counted in Valkey counts again when it is back.
"""

from collections.abc import Callable
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.redis import RedisCache

from authsec.limiting.valkey import Standby, options

STANDBY = Standby(
    "what limits sign-in is counted in the database"
)  # one for all threads, which have caches of their own
MEANWHILE = "database"  # of settings.CACHES


class ValkeyCache(RedisCache):
    """Django's own, which asks the database's cache where Valkey does not answer."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, {**params, "OPTIONS": options()})


def _steady(name: str) -> Callable[..., Any]:
    asked = getattr(RedisCache, name)

    def call(self: ValkeyCache, *arguments: Any, **more: Any) -> Any:
        from redis.exceptions import RedisError

        return STANDBY.ask(
            lambda: asked(self, *arguments, **more),
            lambda: getattr(caches[MEANWHILE], name)(*arguments, **more),
            RedisError,
        )

    return call


# Whatever BaseCache does beyond these it does through them.
for _name in (
    "add",
    "get",
    "set",
    "touch",
    "delete",
    "get_many",
    "has_key",
    "incr",
    "set_many",
    "delete_many",
):
    assert hasattr(BaseCache, _name)  # noqa: S101
    setattr(ValkeyCache, _name, _steady(_name))

"""The page that load balancers and the first start ask."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from phpsupport.access.gate import public
from phpsupport.health import checks
from phpsupport.lib import clock


@public()
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 when everything is alive, else 503; which part fails is in the JSON."""
    results = checks.run(at=clock.now())
    well = all(result.ok for result in results.values())
    response = JsonResponse(
        {
            "status": "ok" if well else "failing",
            "checks": {name: result.as_json() for name, result in results.items()},
        },
        status=200 if well else 503,
    )
    response._has_been_logged = True  # type: ignore[attr-defined]  # asked often, and told here
    return response

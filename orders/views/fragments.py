"""How a page and the parts of it that htmx asks for are answered from one template."""

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.cache import patch_vary_headers


def page_or_part(
    request: HttpRequest, template: str, part: str, context: dict[str, object], *, status: int = 200
) -> TemplateResponse:
    """Answer the whole page, or its partial `part` where htmx asks for a part of it.

    Going back in the browser asks through htmx too, and then wants the whole page. Caches must keep the two apart.
    """
    wants_part = request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers
    response = TemplateResponse(request, f"{template}#{part}" if wants_part else template, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response

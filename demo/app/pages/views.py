from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from searchapp.revision import HOST, REVISION

from . import bundle
from .models import Document, Search, Term

TITLE = "Search"


@require_GET
@never_cache
def index(request):
    return render(
        request,
        "pages/index.html",
        {
            "title": TITLE,
            "documents": Document.objects.count(),
            "terms": Term.objects.order_by("-times", "text")[:5],
            "bundle": bundle.urls(),
            "revision": REVISION,
            "host": HOST,
        },
    )


@require_GET
@never_cache
def search(request):
    """Documents that match `q`, best first; leaves the worker a job."""
    text = request.GET.get("q", "").strip().lower()[:200]
    if not text:
        return JsonResponse({"found": [], "revision": REVISION})
    Search.objects.create(text=text)
    vector = SearchVector("title", weight="A", config="english") + SearchVector("body", config="english")
    query = SearchQuery(text, search_type="websearch", config="english")
    found = Document.objects.annotate(vector=vector, rank=SearchRank(vector, query)).filter(vector=query)
    return JsonResponse(
        {
            "found": list(found.order_by("-rank", "id").values("id", "title", "body")[:20]),
            "revision": REVISION,
        }
    )


@require_GET
@never_cache
def counted(request):
    """The commit of the worker that counted `q` last; empty while a search for it waits."""
    text = request.GET.get("q", "").strip().lower()[:200]
    if Search.objects.filter(text=text, counted_at=None).exists():
        return HttpResponse("", content_type="text/plain")
    by = Term.objects.filter(text=text).values_list("counted_by", flat=True).first()
    return HttpResponse(by or "", content_type="text/plain")


@require_GET
@never_cache
def revision(request):
    """The commit of this process, for `deploy` to ask. No database: it must answer whatever else is broken."""
    return HttpResponse(REVISION + "\n", content_type="text/plain")

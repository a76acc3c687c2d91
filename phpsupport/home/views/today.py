"""Where each role lands."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from phpsupport.access.gate import signed_in


@signed_in()
def today(request: HttpRequest) -> HttpResponse:
    return render(request, "home/today.html")

"""The login page: username and password, or an API key."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, get_user_model, login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from pm2site.access import auth
from pm2site.access.throttle import attempts
from pm2site.errors import TooManyAttempts


class LoginForm(forms.Form):
    username = forms.CharField(max_length=150, required=False)
    password = forms.CharField(max_length=4096, required=False, strip=False)
    api_key = forms.CharField(max_length=4096, required=False)


class LoginView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, 200, "")

    def post(self, request: HttpRequest) -> HttpResponse:
        form = LoginForm(request.POST)
        try:
            if form.is_valid() and self._log_in(request, form.cleaned_data):
                return HttpResponseRedirect(self._next_url(request))
        except TooManyAttempts as error:
            response = self._page(request, 429, str(error))
            response.headers["Retry-After"] = f"{error.retry_after_s:.0f}"
            return response
        return self._page(request, 401, "Invalid username, password or API key.")

    def _log_in(self, request: HttpRequest, form_data: dict[str, str]) -> bool:
        if form_data["api_key"]:
            return self._log_in_with_key(request, form_data["api_key"])
        address = str(request.META.get("REMOTE_ADDR") or "")
        attempts.count(address)  # before the hash of the password, which takes a second of CPU time
        user = authenticate(request, username=form_data["username"], password=form_data["password"])
        if user is None:
            return False
        attempts.withdraw(address)
        login(request, user)
        return True

    def _log_in_with_key(self, request: HttpRequest, key: str) -> bool:
        """Each key logs in as its own user, because the admin requires one; a changed key ends the session."""
        for name, setting in auth.KEY_USERS.items():
            if auth.is_equal(key, getattr(settings, setting)):
                may_act = setting == "API_KEY"
                rights = {"is_staff": may_act, "is_superuser": may_act, "is_active": True}
                user, _ = get_user_model().objects.update_or_create(username=name, defaults=rights)
                user.set_unusable_password()
                user.save()
                login(request, user, backend="django.contrib.auth.backends.ModelBackend")
                request.session[auth.KEY_FINGERPRINT] = auth.key_fingerprint(key)
                return True
        attempts.count(str(request.META.get("REMOTE_ADDR") or ""))
        return False

    def _page(self, request: HttpRequest, status: int, problem: str) -> HttpResponse:
        context: dict[str, Any] = {"problem": problem, "next": self._next_url(request)}
        return render(request, "login.html", context, status=status)

    def _next_url(self, request: HttpRequest) -> str:
        url = request.POST.get("next") or request.GET.get("next") or "/"
        is_safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
        return url if is_safe else "/"


class LogoutView(View):
    def post(self, request: HttpRequest) -> HttpResponse:
        logout(request)
        return HttpResponseRedirect(settings.LOGIN_URL)

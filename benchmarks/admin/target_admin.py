"""Admin pages of own targets. A credential is shown, and kept, as `{"secret": true}`. [io: database]"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from rest_framework.exceptions import ValidationError

from benchmarks.models import StoredTarget
from benchmarks.targets import store
from benchmarks.targets.errors import TargetExists
from benchmarks.targets.target import TargetEndpoint
from benchmarks.targets.target_serializer import TargetSerializer
from system.lib.fields import error_sentences
from system.lib.wire import to_wire

ENDPOINTS_HELP = (
    "A list such as [{&quot;path&quot;: &quot;/orders&quot;, &quot;method&quot;: &quot;GET&quot;, "
    "&quot;headers&quot;: {&quot;Authorization&quot;: &quot;Bearer …&quot;}, "
    "&quot;expect&quot;: [&quot;p99&lt;50ms&quot;]}]. A credential is kept as {&quot;secret&quot;: true}."
)


class TargetForm(forms.ModelForm):  # type: ignore[type-arg]
    """The fields of the API's body, checked by its serializer."""

    ports = forms.JSONField(required=False, initial=list, help_text="Where the processes listen, if it cannot be seen")
    endpoints = forms.JSONField(
        required=False, initial=list, help_text=ENDPOINTS_HELP, widget=forms.Textarea({"rows": 16, "cols": 100})
    )

    class Meta:
        model = StoredTarget
        fields = ("name", "pm2", "url", "connect", "ports", "insecure", "protocol", "endpoints")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            stored = store.to_target(self.instance)
            self.initial["endpoints"] = to_wire([one for one in stored.endpoints if one != TargetEndpoint("/")])
            self.fields["name"].disabled = True

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or {}
        if self.errors:
            return entered
        try:
            columns = TargetSerializer().run_validation({
                **{name: value for name, value in entered.items() if value not in (None, "")},
                "ports": entered.get("ports") or [], "endpoints": entered.get("endpoints") or [],
            })  # fmt: skip
        except ValidationError as error:
            raise forms.ValidationError(error_sentences(error.detail)) from error
        if not self.instance.pk and store.find_stored(columns["name"]):
            raise forms.ValidationError(str(TargetExists(columns["name"])))
        self.columns = dict(columns)
        return entered

    def _post_clean(self) -> None:
        """Nothing: `store.save` writes the row, and the serializer has checked the values."""


@admin.register(StoredTarget)
class TargetAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = TargetForm
    list_display = ("name", "pm2", "url", "protocol", "changed_at", "changed_by")
    search_fields = ("name", "pm2", "url")
    readonly_fields = ("changed_at", "changed_by")

    def save_model(self, request: HttpRequest, obj: StoredTarget, form: Any, change: bool) -> None:
        saved = store.save(form.columns, actor=request.user.get_username(), is_new=not change)
        stored = StoredTarget.objects.get(name=saved.name)
        obj.pk, obj.name = stored.pk, stored.name

"""What the start of an ecosystem file would start, for people to read before it starts. [pure]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pm2.daemon.process import as_int, as_text, pm2_env


@dataclass(frozen=True, slots=True)
class PlannedApp:
    """An app of the file. `restarts`: it is listed already, and is restarted with the variables of the file."""

    name: str
    namespace: str
    instances: int
    exec_mode: str
    script: str
    arguments: tuple[str, ...]
    cwd: str
    interpreter: Annotated[str, "`none`: the script itself is executed"]
    user: Annotated[str, "Whose rights it gets"]
    restarts: Annotated[bool, "It is listed already, and is restarted with the variables of the file"]

    def __str__(self) -> str:
        count = f"{self.instances} × " if self.instances > 1 else ""
        program = " ".join(
            part for part in (self.interpreter, self.script, *self.arguments) if part not in ("", "none")
        )
        verb = "restart" if self.restarts else "start"
        return f"{verb} {count}{self.name} as {self.user}: {program}, in {self.cwd}"


def plan_start(payload: Mapping[str, object], cpus: int, user_names: Mapping[int, str]) -> PlannedApp:
    """Of a payload of `prepare`. `cpus`: what PM2 counts `max` from; `user_names`: by uid."""
    uid, arguments = payload.get("uid"), payload.get("args")
    user = user_names.get(uid, f"user {uid}") if isinstance(uid, int) else as_text(payload.get("username"))
    return PlannedApp(
        name=as_text(payload.get("name")),
        namespace=as_text(payload.get("namespace")),
        instances=count_instances(payload.get("instances"), cpus),
        exec_mode=as_text(payload.get("exec_mode")),
        script=as_text(payload.get("pm_exec_path")),
        arguments=tuple(as_text(one) for one in arguments) if isinstance(arguments, list) else _words(arguments),
        cwd=as_text(payload.get("pm_cwd")),
        interpreter=as_text(payload.get("exec_interpreter")),
        user=user,
        restarts=False,
    )


def plan_restart(
    listed: Sequence[Mapping[str, object]], changed: Mapping[str, object], cpus: int, user_names: Mapping[int, str]
) -> PlannedApp:
    """Of the listed processes of one name; `changed`: what the file sets anew."""
    env = pm2_env(listed[0])
    kept = {key: value for key, value in changed.items() if key in ("uid", "namespace", "args") and value is not None}
    planned = plan_start({**env, **kept}, cpus, user_names)
    return replace(planned, name=as_text(listed[0].get("name")), instances=len(listed), restarts=True)


def _words(arguments: object) -> tuple[str, ...]:
    return (as_text(arguments),) if arguments else ()


def count_instances(instances: object, cpus: int) -> int:
    """PM2's rule (`God.prepare`, PM2 7.0.4): 0 is one for each CPU, -1 one less."""
    count = as_int(instances)
    return max(1, count + cpus if count <= 0 else count)


def names_of(apps: Sequence[PlannedApp]) -> str:
    return ", ".join(dict.fromkeys(app.name for app in apps))

"""Elements by role and accessible name, as assistive technology finds them, and clicks where the mouse would click."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Name = str | re.Pattern[str]
# Of references to objects of the page. They keep removed elements in memory until the group is released.
GROUP = "tests"

# The element's centre, once it lies in the window and is not covered by another element; else the reason.
FIND_POINT = """function () {
  if (!this.isConnected) return "it was removed";
  this.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  const box = [...this.getClientRects()].find(({ width, height }) => width > 0 && height > 0);
  if (!box) return "it has no size";
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const top = document.elementFromPoint(x, y);
  if (!top) return "it lies outside of the window";
  const label = top.closest("label");
  if (this.contains(top) || top.contains(this) && top.closest("a,button") || label?.control === this) return { x, y };
  return `it is covered by ${top.outerHTML.slice(0, 200)}`;
}"""
CHOOSE = """function (label) {
  const index = [...this.options].findIndex((option) => option.label.trim() === label);
  if (index < 0) return [...this.options].map((option) => option.label.trim()).join(", ");
  this.selectedIndex = index;
  for (const type of ["input", "change"]) this.dispatchEvent(new Event(type, { bubbles: true }));
  return "";
}"""


class Tab(Protocol):
    def send(self, method: str, **parameters: Any) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Element:
    """`states`: of ARIA, such as disabled, expanded, checked, pressed, selected, focused. `value`: of a field."""

    tab: Tab
    backend_node: int
    role: str
    name: str
    description: str
    value: str
    states: Mapping[str, Any]

    @property
    def is_disabled(self) -> bool:
        return bool(self.states.get("disabled"))

    def object_id(self) -> str:
        answer = self.tab.send("DOM.resolveNode", backendNodeId=self.backend_node, objectGroup=GROUP)
        return str(answer["object"]["objectId"])

    def call(self, function: str, *arguments: object) -> Any:
        """Calls a JavaScript function with the element as `this`; returns its JSON value."""
        answer = self.tab.send(
            "Runtime.callFunctionOn", objectId=self.object_id(), functionDeclaration=function,
            arguments=[{"value": argument} for argument in arguments], returnByValue=True, awaitPromise=True,
            userGesture=True,
        )  # fmt: skip
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def text(self) -> str:
        """As rendered: without hidden text, with line ends."""
        return str(self.call("function () { return this.innerText }"))

    def attribute(self, name: str) -> str | None:
        value = self.call("function (name) { return this.getAttribute(name) }", name)
        return None if value is None else str(value)

    def style(self, name: str) -> str:
        """A computed property of CSS."""
        return str(self.call("function (name) { return getComputedStyle(this).getPropertyValue(name) }", name))

    def point(self) -> tuple[float, float] | str:
        """Where a click reaches the element; the reason if it would reach none, or another one."""
        point = self.call(FIND_POINT)
        return (point["x"], point["y"]) if isinstance(point, dict) else str(point)

    def choose(self, label: str) -> None:
        """Selects an option of a list by its text."""
        others = self.call(CHOOSE, label)
        assert others == "", f"{self.role} {self.name!r} has no option {label!r}, only: {others}"


def matches(text: str, name: Name | None) -> bool:
    if name is None:
        return True
    return text == name if isinstance(name, str) else bool(name.search(text))


def elements_of(tab: Tab, nodes: Iterable[Mapping[str, Any]]) -> list[Element]:
    """From nodes of the accessibility tree; without those that assistive technology does not present."""
    return [
        Element(
            tab=tab,
            backend_node=node["backendDOMNodeId"],
            role=str(node["role"]["value"]),
            name=" ".join(str(node.get("name", {}).get("value", "")).split()),
            description=str(node.get("description", {}).get("value", "")),
            value=str(node.get("value", {}).get("value", "")),
            states={state["name"]: state["value"].get("value") for state in node.get("properties", ())},
        )
        for node in nodes
        if not node.get("ignored") and "backendDOMNodeId" in node
    ]


def query(tab: Tab, role: str, within: Element | None) -> list[Element]:
    """https://chromedevtools.github.io/devtools-protocol/tot/Accessibility/#method-queryAXTree

    By an object of JavaScript, which a navigation makes invalid: the number of a node of the last document crashes the
    tab (Chromium 156).
    """
    if within:
        root = within.object_id()
    else:
        root = tab.send("Runtime.evaluate", expression="document", objectGroup=GROUP)["result"]["objectId"]
    return elements_of(tab, tab.send("Accessibility.queryAXTree", objectId=root, role=role)["nodes"])

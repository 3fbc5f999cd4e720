"""Keys by the names that browsers give them. [pure]"""

from selenium.webdriver.common.keys import Keys

# Names of https://developer.mozilla.org/docs/Web/API/UI_Events/Keyboard_event_key_values, where selenium has others.
KEYS = {
    "ArrowDown": Keys.ARROW_DOWN, "ArrowLeft": Keys.ARROW_LEFT, "ArrowRight": Keys.ARROW_RIGHT,
    "ArrowUp": Keys.ARROW_UP, "Backspace": Keys.BACKSPACE, "Delete": Keys.DELETE, "End": Keys.END,
    "Enter": Keys.ENTER, "Escape": Keys.ESCAPE, "Home": Keys.HOME, "PageDown": Keys.PAGE_DOWN,
    "PageUp": Keys.PAGE_UP, "Space": Keys.SPACE, "Tab": Keys.TAB, "Control": Keys.CONTROL, "Shift": Keys.SHIFT,
    "Alt": Keys.ALT, "Meta": Keys.META,
}  # fmt: skip

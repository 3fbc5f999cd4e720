"""REST, WebSocket and polling; used by the library, the commands and the screen."""

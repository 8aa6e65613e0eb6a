"""Prints what the Flask peer runs on."""

from importlib.metadata import version
from platform import python_version

print("Flask-SocketIO", version("flask-socketio"), "on gevent", version("gevent"), "and Python", python_version())

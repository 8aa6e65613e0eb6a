"""Prints the versions of the libraries of the Flask peer."""

from importlib.metadata import version
from platform import python_version

print("Flask-SocketIO", version("flask-socketio"), "on gevent", version("gevent"), "and Python", python_version())

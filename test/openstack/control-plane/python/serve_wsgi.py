#!/usr/bin/python3
"""Serves one WSGI application: serve_wsgi.py PORT MODULE NAME [ARGUMENT...]

NAME is the application, or what makes it when `()` follows. The arguments are those of the service's own command line."""
import importlib
import socketserver
import sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

port, module, name = sys.argv[1:4]
# The services parse the command line too.
sys.argv = [module, *sys.argv[4:]]


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 256


class Handler(WSGIRequestHandler):
    def address_string(self):
        return self.client_address[0]


found = getattr(importlib.import_module(module), name.removesuffix('()'))
application = found() if name.endswith('()') else found
server = Server(('127.0.0.1', int(port)), Handler)
server.set_app(application)
server.serve_forever()

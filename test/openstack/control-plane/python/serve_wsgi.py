#!/usr/bin/python3
"""Serves one WSGI application: serve_wsgi.py MODULE FACTORY PORT"""
import importlib
import socketserver
import sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

module, factory, port = sys.argv[1:4]
# The services parse the command line too.
sys.argv = [module]


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 256


class Handler(WSGIRequestHandler):
    def address_string(self):
        return self.client_address[0]


application = getattr(importlib.import_module(module), factory)()
server = Server(('127.0.0.1', int(port)), Handler)
server.set_app(application)
server.serve_forever()

#!/usr/bin/python3
"""As much of the network service as Nova asks of it while every server is without a network: lists, all of them empty."""
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LISTS = {'ports', 'networks', 'subnets', 'extensions', 'security-groups', 'floatingips', 'routers', 'agents', 'quotas'}


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        parts = [part for part in self.path.split('?')[0].split('/') if part]
        if not parts:
            self.answer(200, {'versions': [{'id': 'v2.0', 'status': 'CURRENT', 'links': []}]})
        elif parts[0] == 'v2.0' and len(parts) == 2 and parts[1] in LISTS:
            self.answer(200, {parts[1].replace('-', '_'): []})
        else:
            self.nothing()

    def nothing(self):
        self.rfile.read(int(self.headers.get('Content-Length') or 0))
        self.answer(404, {'NeutronError': {'type': 'NotFound', 'message': self.path, 'detail': ''}})

    do_PUT = do_POST = do_DELETE = nothing

    def log_message(self, *_):
        pass


ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()

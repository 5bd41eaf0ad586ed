#!/usr/bin/python3
"""Imports Nova once and forks its daemons from there: eight computes cost one import, and one that was killed is back in a second.

usage: family.py COMMON.conf LOGS

Reads commands from standard input, one a line, and answers each with one line:
    start NAME KIND CONFIG...    ->  started NAME PID      KIND: api, conductor, scheduler or compute
When standard input ends, the harness is gone: the children are ended and so is this."""
import configparser
import os
import signal
import sys

import nova.monkey_patch  # noqa: F401  before anything that it patches
import eventlet.hubs
import eventlet.patcher
import nova.conf

real_os = eventlet.patcher.original('os')

# Intervals of periodic tasks are taken at import, long before a configuration file is read.
common = configparser.ConfigParser(strict=False, interpolation=None)
common.read(sys.argv[1])
for option in ('update_resources_interval', 'sync_power_state_interval', 'heal_instance_info_cache_interval'):
    nova.conf.CONF.set_default(option, common.getint('DEFAULT', option))

import nova.api.openstack.compute.routes  # noqa: E402,F401
import nova.cmd.api_os_compute  # noqa: E402
import nova.cmd.compute  # noqa: E402
import nova.cmd.conductor  # noqa: E402
import nova.cmd.scheduler  # noqa: E402
import nova.compute.manager  # noqa: E402,F401
import nova.conductor.manager  # noqa: E402,F401
import nova.objects  # noqa: E402
import nova.scheduler.manager  # noqa: E402,F401
import nova.virt.fake  # noqa: E402
import oslo_messaging._drivers.impl_rabbit  # noqa: E402,F401
import pymysql  # noqa: E402,F401

nova.objects.register_all()

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from compute_driver import UsherDriver  # noqa: E402

# Nova looks drivers up below nova.virt.
nova.virt.fake.UsherDriver = UsherDriver

MAINS = {
    'api': ('nova-api', nova.cmd.api_os_compute.main),
    'conductor': ('nova-conductor', nova.cmd.conductor.main),
    'scheduler': ('nova-scheduler', nova.cmd.scheduler.main),
    'compute': ('nova-compute', nova.cmd.compute.main),
}


def run(name, kind, files):
    """The child: a daemon of its own session, which never comes back."""
    real_os.setsid()
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    eventlet.hubs.use_hub()
    log = real_os.open('%s/%s.log' % (sys.argv[2], name), real_os.O_WRONLY | real_os.O_CREAT | real_os.O_APPEND, 0o644)
    nothing = real_os.open('/dev/null', real_os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        real_os.dup2(source, target)
    import random
    random.seed()
    program, main = MAINS[kind]
    sys.argv = [program] + [part for file in files for part in ('--config-file', file)]
    try:
        main()
    except SystemExit as end:
        real_os._exit(end.code if isinstance(end.code, int) else 1)
    real_os._exit(0)


children = {}
# The kernel reaps: a killed daemon must not stay as a zombie.
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
# Who ends the harness with its whole process group must not end this before the children.
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('ready', flush=True)
rest = b''
while True:
    data = real_os.read(0, 65536)
    if not data:
        break
    *lines, rest = (rest + data).split(b'\n')
    for line in lines:
        _, name, kind, *files = line.decode().split()
        pid = real_os.fork()
        if pid == 0:
            run(name, kind, files)
        children[name] = pid
        print('started', name, pid, flush=True)
for pid in children.values():
    try:
        real_os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass

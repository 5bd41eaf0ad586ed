"""A hypervisor that only pretends, for tests of everything above it.

Nova's own fake driver, with a size, migrations that take their time, can be aborted, forced and made to fail, and guests that outlive
a restart of the daemon. Knobs are files in the folder USHER_KNOBS:
    size                         vcpus, memory in MiB and disk in GiB of each host, read at start
    migration-seconds            how long a live migration takes
    fail-live-migration-HOST     while it is there, live migrations from that host fail at their end
    abandon-live-migration-HOST  while it is there, they fail and nothing is put back, as when Nova fails over that too
    fail-arrival-HOST            while it is there, what is to be done on that host after a live migration to it fails"""
import os
import time

from nova.compute import power_state
from nova.virt import fake

KNOBS = os.environ['USHER_KNOBS']


def knob(name, default):
    try:
        with open(os.path.join(KNOBS, name)) as file:
            return file.read().split()
    except OSError:
        return default


class UsherDriver(fake.FakeDriver):
    vcpus, memory_mb, local_gb = (int(part) for part in knob('size', ['16', '65536', '1000']))

    def __init__(self, virtapi, read_only=False):
        super().__init__(virtapi, read_only)
        self.orders = {}

    def get_info(self, instance, use_cache=True):
        ours = instance.host == self._host and instance.task_state is None
        if ours and instance.uuid not in self.instances and instance.vm_state in ('active', 'stopped', 'paused'):
            state = power_state.RUNNING if instance.vm_state != 'stopped' else power_state.SHUTDOWN
            self.instances[instance.uuid] = fake.FakeInstance(instance.name, state, instance.uuid)
        return super().get_info(instance, use_cache)

    def pause(self, instance):
        self.instances[instance.uuid].state = power_state.PAUSED

    def unpause(self, instance):
        self.instances[instance.uuid].state = power_state.RUNNING

    def cache_image(self, context, image_id):
        return True

    def check_can_live_migrate_source(self, context, instance, dest_check_data, block_device_info=None):
        # What came too late for the last migration is not for this one.
        self.orders.pop(instance.uuid, None)
        return super().check_can_live_migrate_source(context, instance, dest_check_data, block_device_info)

    def live_migration(self, context, instance, dest, post_method, recover_method, block_migration=False, migrate_data=None):
        seconds = float(knob('migration-seconds', ['1'])[0])
        # Nova calls a migration running some time before this begins: an order may be here already.
        self.orders.setdefault(instance.uuid, 'go on')
        end = time.time() + seconds
        while time.time() < end and self.orders[instance.uuid] == 'go on':
            time.sleep(0.05)
        order = self.orders.pop(instance.uuid)
        if order == 'abort':
            recover_method(context, instance, dest, migrate_data, migration_status='cancelled')
        elif knob('abandon-live-migration-%s' % self._host, None) is not None:
            migrate_data.migration.status = 'error'
            migrate_data.migration.save()
        elif knob('fail-live-migration-%s' % self._host, None) is not None:
            recover_method(context, instance, dest, migrate_data, migration_status='error')
        else:
            post_method(context, instance, dest, block_migration, migrate_data)

    def post_live_migration_at_destination(self, context, instance, network_info, block_migration=False, block_device_info=None):
        super().post_live_migration_at_destination(context, instance, network_info, block_migration, block_device_info)
        if knob('fail-arrival-%s' % self._host, None) is not None:
            raise RuntimeError('the guest can not be looked at')

    def live_migration_abort(self, instance):
        self.orders[instance.uuid] = 'abort'

    def live_migration_force_complete(self, instance):
        self.orders[instance.uuid] = 'complete'

    def post_live_migration(self, context, instance, block_device_info, migrate_data=None):
        if instance.uuid in self.instances:
            self.destroy(context, instance, network_info=None, block_device_info=block_device_info)

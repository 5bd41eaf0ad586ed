/**
 * Notifications: what OpenStack says on its message queue, turned into which rows to read again.
 * Takes messages, gives touches. They are hints only: nothing is taken from them but what changed, so an event that is lost, doubled or
 * late does no harm, and polling finds what was missed. Knows nothing of rows.
 */
export { notify, withNotifications } from './notified-source.ts'

import { describe, expect, it } from 'vitest'
import { builtins as signatures } from '../../language/index.ts'
import type { Value } from '../../tables/index.ts'
import { BuiltinFault, builtinTable } from './index.ts'

const context = { now: new Date('2026-02-03T04:05:06Z') }

function call(name: string, ...inputs: Value[]) {
  return builtinTable.get(name)!(inputs, context)
}

describe('builtins', () => {
  it('are all there', () => {
    expect([...signatures.keys()].filter(name => !builtinTable.has(name))).toEqual([])
  })

  it('give as many outputs as their signatures say', () => {
    expect(call('unpack_datetime', '2000-1-1 10:5:6')).toHaveLength(signatures.get('unpack_datetime')!.outputs.length)
    expect(call('unpack_date', '2000-1-1')).toEqual([2000, 1, 1])
  })

  it('divide integers with a floor, and never by zero', () => {
    expect(call('div', -7, 2)).toEqual([-4])
    expect(call('div', 7.5, 2)).toEqual([3.75])
    expect(call('div', 1, 0)).toBeUndefined()
  })

  it('read dates in several forms', () => {
    for (const text of ['2014-01-05 10:00:00', 'Jan 5, 2014 10:00:00', '5 January 2014 10:00', '1/5/2014 10:00:00'])
      expect(call('extract_date', text)).toEqual(['2014-01-05'])
    expect(call('extract_time', '2014-01-05T10:00:00+02:00')).toEqual(['08:00:00'])
    expect(call('datetime_to_seconds', 'Jan 1, 1900 1:00:00')).toEqual([3600])
    expect(call('now')).toEqual(['2026-02-03 04:05:06'])
  })

  it('refuse dates that are none', () => {
    for (const text of ['2014-02-30', '2014-1-1 24:00:00', 'yesterday', '', 3])
      expect(() => call('extract_date', text)).toThrow(BuiltinFault)
  })

  it('add and subtract durations', () => {
    expect(call('datetime_plus', 'Jan 5, 2014 10:00:00', '1:00:00')).toEqual(['2014-01-05 11:00:00'])
    expect(call('datetime_minus', 'Jan 5, 2014 10:00:00', '25:00:00')).toEqual(['2014-01-04 09:00:00'])
    expect(call('datetime_plus', '2014-01-05', 0.5)).toEqual(['2014-01-05 00:00:00.500000'])
    expect(call('datetime_minus', '2014-01-05', 0.25)).toEqual(['2014-01-04 23:59:59.750000'])
  })

  it('compare addresses and networks of both versions', () => {
    expect(call('ips_lt', '192.0.2.1', '192.0.2.2')).toEqual([])
    expect(call('ips_equal', '::1', '0:0:0:0:0:0:0:1')).toEqual([])
    expect(call('ips_lt', '255.255.255.255', '::')).toEqual([])
    expect(call('ip_in_network', 'fe80::ffff:192.168.0.1', 'fe80::ffff:192.168.0.0/24')).toEqual([])
    expect(call('ip_in_network', '10.1.0.1', '10.0.0.0/16')).toBeUndefined()
    expect(call('networks_overlap', '10.0.0.0/8', '10.2.3.0/24')).toEqual([])
    expect(call('networks_overlap', '10.2.3.0/24', '10.0.0.0/8')).toEqual([])
    expect(call('networks_equal', '10.2.3.4/24', '10.2.3.0/24')).toEqual([])
    expect(() => call('ips_lt', '10.0.0.256', '10.0.0.1')).toThrow(BuiltinFault)
    expect(() => call('ip_in_network', '10.0.0.1', '10.0.0.0/33')).toThrow(BuiltinFault)
  })

  it('validate', () => {
    expect(call('validate_int', 2, 7, 5)).toEqual([''])
    expect(call('validate_int', 2, 7, 9)).toEqual(['9 is greater than 7'])
    expect(call('validate_float', 0, 1, 0.5)).toEqual([''])
    expect(call('validate_string', '^a*$', 5, 0, 1, 'aAa')).toEqual([''])
    expect(call('validate_string', '^a*$', 5, 0, 0, 'aAa')).not.toEqual([''])
    expect(call('validate_string', '', 2, 1, 0, '"ab"')).toEqual([''])
    expect(call('validate_string', '', 2, 0, 0, '"ab"')).not.toEqual([''])
    expect(call('validate_string', '', 0, 1, 0, '"ab')).not.toEqual([''])
    expect(call('validate_string', '', 0, 0, 0, '"ab')).toEqual([''])
    expect(call('validate_string', '^[0-9]+$', '', 0, 0, 12)).toEqual([''])
    expect(call('validate_int', '', 5, -3)).toEqual([''])
    expect(call('validate_int', '', 5, 6)).not.toEqual([''])
    expect(call('validate_int', 5, '', 4)).not.toEqual([''])
  })

  it('turn text into numbers, and count characters', () => {
    expect(call('int', '12.7')).toEqual([12])
    expect(call('float', '2.5')).toEqual([2.5])
    expect(() => call('float', 'x')).toThrow(BuiltinFault)
    expect(call('len', 'a😀')).toEqual([2])
    expect(call('concat', 'a', 'b')).toEqual(['ab'])
  })
})

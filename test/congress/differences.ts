const incomplete = 'the case does not carry the set-up of the original test, and cannot be run'
const unbound =
  'the head of `p+(id, val) :- create(val)` has an `id` that nothing binds: Congress’s simulation makes one up, here the rule is unsafe'
const division =
  '1 and 1.0 are one value and `div` of two integers is floor: `div(10, 4.0, x)` gives 2, as `div(10, 4, x)` does in Congress too'
const columns =
  'a query with the wrong number of columns is an error with its place: Congress refuses that in rules, and answers nothing in queries, which hides a slip'
const kinds =
  'policies are of one kind: each may describe actions on any table, which in Congress a policy of the kind `action` alone may'
const subpolicy =
  'which rules go to the solver follows from what reads placement, so nothing chooses rules by lists of required and prohibited tables'
const placement =
  'the decision table is `nova:location(vm, host)`; Congress’s engine reads a placement out of `nova:server` by a table of its own'

/**
 * Cases that do not pass, by name, each with the difference behind it. A case here that starts to pass fails the test, and so does
 * one that fails without being here.
 */
export const differences: Readonly<Record<string, string>> = {
  'test_agnostic.py:84 select': incomplete,
  'test_agnostic.py:86 select': incomplete,
  'test_nonrecur.py:421 select': incomplete,

  'test_builtin.py:1176 select': division,
  'test_builtin.py:1176 select 2': division,
  'test_agnostic.py:200 select': columns,
  'test_agnostic.py:931 insert': kinds,
  'test_agnostic.py:1386 insert': unbound,
  'test_agnostic.py:1386 insert 2': unbound,
  'test_agnostic.py:1388 simulate': unbound,

  'test_agnostic.py:1898 find_subpolicy': subpolicy,
  'test_agnostic.py:1911 find_subpolicy': subpolicy,
  'test_agnostic.py:1925 find_subpolicy': subpolicy,

  'disabled_test_vmplacement.py:678 vm_assignment': placement,
  'disabled_test_vmplacement.py:727 vm_assignment': placement,
}

import { expect, test } from 'vitest'
import { checkWorkflow } from '../workflow/index.ts'
import { planWorkflow } from './plan-workflow.ts'

test('moves become tasks, and what comes after joins all it waits for', () => {
  const move = (id: string, after: string[] = []) => ({ id, vm: `vm-${id}`, from: 'h1', to: 'h2', after })
  const definition = planWorkflow({ moves: [move('m1'), move('m2'), move('m3', ['m1', 'm2']), move('m4', ['m3'])] }, 60)
  expect(checkWorkflow(definition).first).toEqual(['m1', 'm2'])
  expect(definition.tasks['m1']).toMatchObject({ input: { vm: 'vm-m1', host: 'h2' }, 'on-success': ['m3'] })
  expect(definition.tasks['m3']).toMatchObject({ join: 'all', 'on-success': ['m4'] })
  expect(definition.tasks['m4']).not.toHaveProperty('join')
  expect(definition.tasks['m4']).not.toHaveProperty('on-success')
})

test('copies become tasks that moves wait for', () => {
  const copy = (id: string, after: string[] = []) => ({ id, image: 'debian', from: 'glance', to: `h-${id}`, after })
  const definition = planWorkflow(
    {
      moves: [{ id: 'm1', vm: 'v', from: 'h1', to: 'h-c2', after: ['c2'] }],
      copies: [copy('c1'), copy('c2', ['c1'])],
    },
    60,
  )
  expect(checkWorkflow(definition).first).toEqual(['c1'])
  expect(definition.tasks['c1']).toMatchObject({
    action: 'nova:cache_image',
    input: { image: 'debian', host: 'h-c1', from: 'glance' },
    'on-success': ['c2'],
  })
  expect(definition.tasks['c2']).toMatchObject({ 'on-success': ['m1'] })
})

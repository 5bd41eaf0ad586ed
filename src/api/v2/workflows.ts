import { z } from 'zod'
import type { Service } from '../../control/index.ts'
import { type Endpoint, endpoint, idText } from '../endpoint.ts'
import { found, refuse } from '../faults.ts'
import { pageOfList } from '../paging.ts'
import { given, pageOf, pageQuery } from '../schemas.ts'
import { everyone, operators, viewers } from '../security/roles.ts'
import type { V2Parts } from './index.ts'

type ExecutionView = NonNullable<Awaited<ReturnType<Service['workflows']['execution']>>>

const tag = 'workflows'
const milliseconds = z.number().describe('milliseconds since 1970')
const task = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    state: z.string(),
    attempt: z.number(),
    items: z.strictObject({ total: z.number(), done: z.number(), failed: z.number() }).optional(),
    startedAt: milliseconds.optional(),
    endedAt: milliseconds.optional(),
    result: z.unknown().optional(),
    error: z.string().optional(),
  })
  .meta({ id: 'Task' })
const execution = z
  .strictObject({
    id: z.string(),
    workflow: z.string(),
    state: z.string(),
    ending: z.string().optional(),
    parent: z.string().optional(),
    createdAt: milliseconds,
    endedAt: milliseconds.optional(),
    input: z.unknown(),
    output: z.unknown().optional(),
    variables: z.record(z.string(), z.unknown()),
    error: z.string().optional(),
    tasks: z.array(task),
  })
  .meta({ id: 'Execution' })

export function workflowEndpoints({ service: { workflows } }: V2Parts): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      url: '/v2/executions',
      summary: 'List executions of workflows',
      tag,
      allow: viewers,
      query: pageQuery,
      answer: pageOf(execution),
      handle: ({ query }) => workflows.executions(given(query)),
    }),
    endpoint({
      method: 'GET',
      url: '/v2/executions/:execution',
      summary: 'Read an execution',
      tag,
      allow: viewers,
      params: { execution: idText },
      answer: execution,
      handle: ({ params }) => named(params.execution),
    }),
    endpoint({
      method: 'GET',
      url: '/v2/executions/:execution/tasks',
      summary: 'List the tasks of an execution',
      tag,
      allow: viewers,
      params: { execution: idText },
      query: pageQuery,
      answer: pageOf(task),
      handle: async ({ params, query }) => pageOfList((await named(params.execution)).tasks, given(query)),
    }),
    ...(
      [
        ['pause', 'Start nothing new of an execution until it is resumed'],
        ['resume', 'Let a paused execution go on'],
        ['cancel', 'Start nothing new of an execution, ever'],
      ] as const
    ).map(([word, summary]) =>
      endpoint({
        method: 'POST',
        url: `/v2/executions/:execution/${word}`,
        summary,
        tag,
        allow: operators,
        params: { execution: idText },
        answer: execution,
        async handle({ params, actor }) {
          await named(params.execution)
          await workflows[word](params.execution, actor)
          return named(params.execution)
        },
      }),
    ),
    endpoint({
      method: 'POST',
      url: '/v2/tasks/complete',
      summary: 'Give the result of a task that waits for one',
      description:
        'The token of the task is the permission, and it works once; a repetition changes nothing and says so.',
      tag,
      allow: everyone,
      body: z.strictObject({
        token: z.string().min(1).max(1000),
        result: z.unknown().optional().describe('what the task gives: any JSON'),
      }),
      answer: z.strictObject({ outcome: z.enum(['completed', 'already']) }),
      async handle({ body }) {
        const outcome = await workflows.complete(body.token, body.result ?? null)
        if (outcome === 'unknown') refuse(404, 'api/not-found', 'no task waits for a result with this token')
        return { outcome }
      },
    }),
  ]

  async function named(id: string): Promise<ExecutionView> {
    return found(await workflows.execution(id), 'execution', id)
  }
}

import type { SourceDescription } from '../tables/description.ts'
import { column } from '../tables/shorthand.ts'

/** The tables of Gnocchi that are plain lists; those of measures are made in `measures.ts`. Named for Ceilometer, as Congress has them. */
export const ceilometer: SourceDescription = {
  name: 'ceilometer',
  service: 'gnocchi',
  description: 'Meters of hosts and servers, of Ceilometer with Gnocchi',
  readings: [
    {
      name: 'metrics',
      path: '/metric',
      id: 'id',
      interval: 300,
      tables: [
        {
          table: 'meters',
          description: 'What is measured of which resource',
          columns: [
            column('meter_id', 'id', 'string', 'UUID of the metric'),
            column('name', 'name', 'string', 'Name of the meter'),
            column('type', 'type', 'string', 'Always null: Gnocchi does not know it'),
            column('unit', 'unit', 'string', 'Unit of the meter'),
            column('source', 'source', 'string', 'Always null: Gnocchi does not know it'),
            column('resource_id', 'resource_id|resource.id', 'string', 'Id of the resource in Gnocchi'),
            column('user_id', 'created_by_user_id', 'string', 'User that the metric was made by'),
            column('project_id', 'created_by_project_id', 'string', 'Project that the metric was made by'),
          ],
        },
      ],
    },
  ],
}

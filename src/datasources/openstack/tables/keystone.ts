import type { ReadingDescription, SourceDescription, TableDescription } from './description.ts'
import { column, pick } from './shorthand.ts'

function list(name: string, table: Omit<TableDescription, 'table'>): ReadingDescription {
  return { name, path: `/${name}`, key: name, id: 'id', interval: 300, tables: [{ table: name, ...table }] }
}

const enabled = column('enabled', 'enabled', 'boolean', 'Whether it may be used')

/** Keystone, with the tables of Congress. */
export const keystone: SourceDescription = {
  name: 'keystonev3',
  service: 'keystone',
  description: 'Users, projects and roles of OpenStack Identity',
  readings: [
    list('users', {
      description: 'Users',
      columns: [
        ...pick({ id: 'Id of the user', name: 'Name, unique within its domain' }),
        enabled,
        ...pick({ default_project_id: 'Default project', domain_id: 'Domain of the user' }),
      ],
    }),
    list('roles', { description: 'Roles', columns: pick({ id: 'Id of the role', name: 'Name of the role' }) }),
    list('projects', {
      description: 'Projects',
      columns: [
        enabled,
        ...pick({
          description: 'What it is for',
          name: 'Name of the project',
          domain_id: 'Its domain',
          id: 'Id of the project',
        }),
      ],
    }),
    list('domains', {
      description: 'Domains',
      columns: [
        enabled,
        ...pick({ description: 'What it is for', name: 'Name of the domain', id: 'Id of the domain' }),
      ],
    }),
    {
      name: 'role assignments',
      path: '/role_assignments',
      key: 'role_assignments',
      id: 'links.assignment',
      interval: 300,
      tables: [
        {
          table: 'role_assignments',
          description: 'Who has which role where',
          columns: [
            column('role_id', 'role.id', 'string', 'Id of the role'),
            column('user_id', 'user.id', 'string', 'Id of the user, or null'),
            column('group_id', 'group.id', 'string', 'Id of the group of users, or null'),
            column('project_id', 'scope.project.id', 'string', 'On which project, or null'),
            column('domain_id', 'scope.domain.id', 'string', 'On which domain, or null'),
            column('system', 'scope.system.all', 'boolean', 'True: on the system as a whole'),
          ],
        },
      ],
    },
  ],
}

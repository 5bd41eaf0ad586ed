import type { SourceDescription } from './description.ts'
import { column, pick } from './shorthand.ts'

/** Glance, with the tables of Congress. */
export const glance: SourceDescription = {
  name: 'glancev2',
  service: 'glance',
  description: 'Images of OpenStack Image',
  readings: [
    {
      name: 'images',
      path: '/images',
      key: 'images',
      id: 'id',
      interval: 300,
      tables: [
        {
          table: 'images',
          description: 'Images',
          columns: [
            ...pick({ id: 'UUID of the image', status: 'Its status', name: 'Name of the image' }),
            ...pick({
              container_format: 'Container format',
              created_at: 'When it was made',
              updated_at: 'When it was changed',
            }),
            ...pick({ disk_format: 'Disk format', owner: 'Project that owns it' }),
            column('protected', 'protected', 'boolean', 'Whether it can not be deleted'),
            column('min_ram', 'min_ram', 'number', 'Memory that it needs', { unit: 'MiB' }),
            column('min_disk', 'min_disk', 'number', 'Disk that it needs', { unit: 'GiB' }),
            column('checksum', 'checksum', 'string', 'MD5 of its data'),
            column('size', 'size', 'number', 'Size of its data', { unit: 'B' }),
            ...pick({
              file: 'Path of its data',
              kernel_id: 'Image of its kernel',
              ramdisk_id: 'Image of its RAM disk',
            }),
            ...pick({ schema: 'Path of its schema', visibility: '`public`, `private`, `shared` or `community`' }),
          ],
        },
        {
          table: 'tags',
          description: 'Tags of images',
          each: 'tags.[]',
          columns: [
            column('image_id', '@item.id', 'string', 'UUID of the image'),
            column('tag', '@value', 'string', 'The tag'),
          ],
        },
      ],
    },
  ],
}

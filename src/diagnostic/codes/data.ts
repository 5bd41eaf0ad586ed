import type { CodeDoc } from './index.ts'

export const dataCodes = {
  'data/unreadable': {
    title: 'a file or folder can not be read',
    why: 'Usher reports what it can not see rather than taking a table for empty.',
    mend: 'Check that it is there and that its permissions let this user read it.',
  },
  'data/no-folder': {
    title: 'the data folder does not exist',
    why: 'Tables are read from a folder, one file each.',
    mend: 'Give the path of the folder that holds the tables.',
  },
  'data/folder-too-deep': {
    title: 'a folder lies too deep',
    why: 'A table name has at most one module, so a path has at most one folder.',
    mend: 'Move the files up, and write a dotted table name as MODULE/A.B.csv.',
  },
  'data/bad-name': {
    title: 'a file name can not be a table name',
    why: 'A policy could not name the table: names are letters, digits, _ and dots between them.',
    mend: 'Rename the file.',
  },
  'data/table-twice': {
    title: 'two files give one table',
    why: 'Which of them holds is not for Usher to guess.',
    mend: 'Keep one of the files.',
  },
  'data/not-read': {
    title: 'a file is not a table',
    why: 'Files with another ending are left alone, but not silently.',
    mend: 'Rename it to .csv, .jsonl or .yaml, or list it under ignore in schema.yaml.',
  },
  'data/not-utf8': {
    title: 'a file is not UTF-8',
    why: 'Guessing an encoding would change names.',
    mend: 'Save the file in UTF-8.',
  },
  'data/empty-file': {
    title: 'a table file has no columns',
    why: 'Without a header, or rows, or a list in schema.yaml, the number of columns is unknown.',
    mend: 'Write the header, list the columns in schema.yaml, or remove the file.',
  },
  'data/unnamed-column': {
    title: 'a column has no name',
    why: 'Policies name columns, and an unnamed one is often a stray comma.',
    mend: 'Name the column in the header.',
  },
  'data/duplicate-column': {
    title: 'a column is named twice',
    why: 'A policy that names the column could mean either.',
    mend: 'Rename or remove one of the two.',
  },
  'data/unknown-column': {
    title: 'a column is not one of the table',
    why: 'A slip in a name would otherwise become an empty column.',
    mend: 'Correct the name in the file or in schema.yaml.',
  },
  'data/missing-column': {
    title: 'a column listed in schema.yaml is missing',
    why: 'Rules that read columns by position would read the wrong ones.',
    mend: 'Add the column to the file or take it out of schema.yaml.',
  },
  'data/ragged-row': {
    title: 'a row has too many or too few values',
    why: 'Every row of a table has one value for each column.',
    mend: 'Add or remove values, and quote a value that contains a comma.',
  },
  'data/mixed-rows': {
    title: 'a file mixes lists and objects',
    why: 'A list has no column names to match with those of an object.',
    mend: 'Write every row in the same way.',
  },
  'data/csv-quote': {
    title: 'a quote in a CSV file is out of place',
    why: 'What follows it could be read in several ways.',
    mend: 'Put the whole field in double quotes and double a quote inside it.',
  },
  'data/bad-json': {
    title: 'a line is not JSON',
    why: 'Each line of a JSON lines file is one object or list.',
    mend: 'Correct the line.',
  },
  'data/bad-yaml': {
    title: 'a file is not YAML',
    why: 'The parser could not tell what was meant.',
    mend: 'Correct the YAML at the place shown.',
  },
  'data/bad-schema': {
    title: 'schema.yaml is not as it should be',
    why: 'Types and units are read from it, so a slip in it must not pass unseen.',
    mend: 'Follow the form that the help line shows.',
  },
  'data/not-a-table': {
    title: 'a YAML file is not a list of rows',
    why: 'A table is a set of rows.',
    mend: 'Write a list of objects or lists, or name the file under ignore in schema.yaml.',
  },
  'data/not-a-row': {
    title: 'a row is not an object or a list',
    why: 'A row has a value for each column.',
    mend: 'Write {column: value} or [value].',
  },
  'data/nested-value': {
    title: 'a value is a list or an object',
    why: 'A cell holds one text, number, boolean or null.',
    mend: 'Put what is nested into a table of its own.',
  },
  'data/wrong-type': {
    title: 'a value has another type than schema.yaml gives its column',
    why: 'Values of another type never match in rules.',
    mend: 'Correct the value or the type.',
  },
  'data/number-too-large': {
    title: 'an integer is beyond 2^53',
    why: 'It would be rounded silently to a neighbour.',
    mend: 'Make the column a string, or quote the value.',
  },
  'data/not-finite': {
    title: 'a value is NaN or infinite',
    why: 'Comparisons with it have no useful answer.',
    mend: 'Leave the cell empty where nothing was measured.',
  },
  'data/more-errors': {
    title: 'a file has more findings than are shown',
    why: 'One cause, such as a wrong delimiter, can make a finding on each row.',
    mend: 'Mend the first ones and read the file again.',
  },
  'data/empty-cloud': {
    title: 'the cloud is empty',
    why: 'There is nothing to place, which is more often a wrong path than a wish.',
    mend: 'Give tables with at least one row in nova:location.',
  },
  'data/no-location': {
    title: 'there is no nova:location',
    why: 'Rules can be evaluated, but no VM can be placed.',
    mend: 'Add nova/location.csv with the columns vm and host.',
  },
  'data/location-columns': {
    title: 'nova:location has the wrong columns',
    why: 'Placement reads it as VM and host.',
    mend: 'Give it the two columns vm and host.',
  },
  'data/no-host': {
    title: 'a row of nova:location is incomplete',
    why: 'A VM is on exactly one host.',
    mend: 'Give both values or remove the row.',
  },
  'data/vm-on-two-hosts': {
    title: 'a VM is on two hosts',
    why: 'A VM is on exactly one host.',
    mend: 'Remove one of the two rows.',
  },
  'data/unknown-host': {
    title: 'a VM is on a host that does not exist',
    why: 'Capacity, zone and state of the host would be unknown.',
    mend: 'Correct the name, or add the host to nova:services or nova:hypervisors.',
  },
  'data/unknown-table': {
    title: 'a table that does not exist is named',
    why: 'The change or description would be without effect.',
    mend: 'Correct the name or add the table.',
  },
  'data/bad-change': {
    title: 'a line of a change file is not a change',
    why: 'Each line names a table and the rows that it loses and gains.',
    mend: 'Follow the form that the help line shows.',
  },
  'data/duplicate-key': {
    title: 'two different rows describe one thing',
    why: 'A simulated server, flavor or host is described once.',
    mend: 'Leave one of the rows.',
  },
  'data/journal': {
    title: 'a journal can not be opened or written',
    why: 'A change is made only after the disk has it.',
    mend: 'Make room, or give a path that can be written.',
  },
  'data/bad-journal': {
    title: 'a journal is damaged or is not a journal',
    why: 'Going on from part of it would forget migrations that were asked for.',
    mend: 'Give another journal, or move this one away to start anew.',
  },
  'data/vm-exists': {
    title: 'a VM exists already',
    why: 'Ids of VMs are unique.',
    mend: 'Choose another id.',
  },
  'data/unknown-vm': {
    title: 'a VM does not exist',
    why: 'It may have been deleted since it was read.',
    mend: 'Read the cloud again, or correct the name.',
  },
  'data/unknown-image': {
    title: 'nobody asked has the image',
    why: 'A copy is made from the image service or from a host that has the image; this one does not.',
    mend: 'Correct the name, or wait until the image is there.',
  },
  'data/unknown-flavor': {
    title: 'a flavor does not exist',
    why: 'The size of the VM would be unknown.',
    mend: 'Name a flavor of nova:flavors.',
  },
  'data/unknown-action': {
    title: 'a cloud does not know an action',
    why: 'Clouds carry out the actions they name and no others.',
    mend: 'Use one of the actions named in the help line.',
  },
  'data/bad-input': {
    title: 'an action lacks what it needs or has a value that makes no sense',
    why: 'The cloud refuses rather than guesses.',
    mend: 'Give the values named in the help line.',
  },
  'data/not-running': {
    title: 'a VM runs on no host',
    why: 'Only a running VM can be migrated live.',
    mend: 'Start it first.',
  },
  'data/already-migrating': {
    title: 'a VM is migrating already',
    why: 'A VM takes part in one migration at a time.',
    mend: 'Wait until it is done.',
  },
  'data/same-host': {
    title: 'a VM is on the wanted host already',
    why: 'There is nothing to do.',
    mend: 'Name another host, or take the migration as done.',
  },
  'data/host-unusable': {
    title: 'a host is down or disabled',
    why: 'It takes no VMs.',
    mend: 'Name another host, or bring this one back.',
  },
} satisfies Record<string, CodeDoc>

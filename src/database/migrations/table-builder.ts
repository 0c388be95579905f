import { Table, TableColumnOptions, TableForeignKeyOptions, TableIndexOptions } from 'typeorm';

/** The column types of `columns.ts`, as migrations write them: the same on every database. */
export const column = {
  id: (): ColumnShape => ({ type: 'varchar', length: '36' }),
  time: (): ColumnShape => ({ type: 'varchar', length: '24' }),
  varchar: (length: number): ColumnShape => ({ type: 'varchar', length: String(length) }),
  text: (): ColumnShape => ({ type: 'text' }),
  integer: (): ColumnShape => ({ type: 'integer' }),
  float: (): ColumnShape => ({ type: 'float' }),
  boolean: (): ColumnShape => ({ type: 'boolean' }),
  blob: (): ColumnShape => ({ type: 'blob' }),
};

type ColumnShape = Pick<TableColumnOptions, 'type' | 'length' | 'isNullable'>;

export const optional = (shape: ColumnShape): ColumnShape => ({ ...shape, isNullable: true });

interface Keys {
  primary: string[];
  indices?: TableIndexOptions[];
  foreignKeys?: (TableForeignKeyOptions & { name: string })[];
}

/** A table whose constraints all have names, since generated ones differ between databases. */
export function table(name: string, columns: Record<string, ColumnShape>, keys: Keys): Table {
  return new Table({
    name,
    columns: Object.entries(columns).map(([columnName, shape]) => ({
      name: columnName,
      ...shape,
      ...(keys.primary.includes(columnName) ? { isPrimary: true, primaryKeyConstraintName: `pk_${name}` } : {}),
    })),
    indices: keys.indices ?? [],
    foreignKeys: keys.foreignKeys ?? [],
  });
}

/** A reference to the `id` of another table. */
export function reference(
  name: string,
  columnName: string,
  target: string,
  onDelete: 'CASCADE' | 'NO ACTION',
): TableForeignKeyOptions & { name: string } {
  return { name, columnNames: [columnName], referencedTableName: target, referencedColumnNames: ['id'], onDelete };
}

export const index = (name: string, columnNames: string[], where?: string): TableIndexOptions => ({
  name,
  columnNames,
  ...(where ? { where } : {}),
});

export const unique = (name: string, columnNames: string[], where?: string): TableIndexOptions => ({
  ...index(name, columnNames, where),
  isUnique: true,
});

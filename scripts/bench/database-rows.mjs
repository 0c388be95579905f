import { join } from 'node:path';
import { promisify } from 'node:util';
import sqlite3 from 'sqlite3';

/** A fresh UUID v4, as SQL. */
export const NEW_ID = `lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
  || '-a' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))`;

/**
 * Copies rows in the database of a server that is stopped: thousands of versions through the API would take longer than
 * everything that is measured. A copy has what its model has, which the server wrote itself, except for what is set.
 */
export class DatabaseRows {
  #run;
  #all;
  #close;

  constructor(dataDir) {
    const database = new sqlite3.Database(join(dataDir, 'plomada.db'));
    this.#run = promisify(database.run.bind(database));
    this.#all = promisify(database.all.bind(database));
    this.#close = promisify(database.close.bind(database));
  }

  /**
   * @param {string} table
   * @param {{ model: string, from: string, set: Record<string, string>, key?: string }} options `model`: the `key` of the
   *   row that is copied; `from`: SQL of what there is to be a copy for, its columns as `each.…`; `set`: SQL by column
   */
  async copy(table, { model, from, set, key = 'id' }) {
    const columns = (await this.#all(`PRAGMA table_info(${table})`)).map(({ name }) => `"${name}"`);
    const values = columns.map((column) => set[column.slice(1, -1)] ?? `model.${column}`);
    await this.#run(
      `INSERT INTO ${table} (${columns.join()}) SELECT ${values.join()}
       FROM (${from}) AS each CROSS JOIN ${table} AS model WHERE model.${key} = ?`,
      [model],
    );
  }

  /** The id of the one row that belongs to something. */
  async idOf(table, column, owner) {
    const [row, ...others] = await this.#all(`SELECT id FROM ${table} WHERE ${column} = ?`, [owner]);
    if (!row || others.length > 0) throw new Error(`${table} has ${row ? 'several rows' : 'no row'} of ${owner}.`);
    return row.id;
  }

  async close() {
    await this.#close();
  }
}

/** SQL: the numbers `n` from the one to the other. */
export const numbers = (from, to) =>
  `WITH RECURSIVE number(n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM number WHERE n < ${to}) SELECT n FROM number`;

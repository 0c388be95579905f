import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { Database as SqliteHandle } from 'sqlite3';
import { DomainError } from '../../../src/common/errors';
import type { Database } from '../../../src/database/database';
import { isForeignKeyViolation, isUniqueViolation } from '../../../src/database/driver-errors';
import { Transaction } from '../../../src/database/transaction';
import { WriteQueue } from '../../../src/database/write-queue';
import { countGroups, DatabaseFolder, insertNamespace } from './temporary-database';

const ROWS_PER_UNIT = 3;
/** Runs work outside of the unit that is open where it is called. */
const asAnotherRequest = AsyncLocalStorage.snapshot();

describe('units of work', () => {
  const folder = new DatabaseFolder();
  let database: Database;

  beforeAll(async () => {
    database = await folder.open();
  });
  afterAll(async () => {
    await database.close();
    folder.forget();
  });
  beforeEach(async () => {
    await database.transaction((transaction) => Transaction.managerOf(transaction).query('DELETE FROM namespaces'));
  });

  /** Three rows with other work between them, the last one in a nested unit; every third unit then fails. */
  const unit = async (number: number): Promise<void> =>
    database.transaction(async (transaction) => {
      await insertNamespace(transaction, `unit ${number}`);
      await turn();
      await insertNamespace(transaction, `unit ${number}`);
      await turn();
      await database.transaction(async (nested) => {
        await insertNamespace(nested, `unit ${number}`);
        if (number % 3 === 0) throw new Error(`unit ${number} fails`);
      });
    });

  it('stores exactly those that succeed of 200 at once, and shows none of them half', async () => {
    const units = Array.from({ length: 200 }, (_, number) => number);
    const failing = units.filter((number) => number % 3 === 0);
    const seen: string[] = [];
    let reads = 0;
    let isOver = false;
    const reader = (async () => {
      while (!isOver) {
        for (const [group, count] of await countGroups(database)) {
          if (count !== ROWS_PER_UNIT) seen.push(`${count} rows of ${group}`);
        }
        reads += 1;
        await turn();
      }
    })();
    const outcomes = await Promise.allSettled(
      units.map(async (number) => {
        await unit(number);
        // Whoever was told that it is stored can read it, on the other connection, at once.
        const stored = (await countGroups(database)).get(`unit ${number}`);
        if (stored !== ROWS_PER_UNIT) seen.push(`${stored} rows of the acknowledged unit ${number}`);
      }),
    );
    isOver = true;
    await reader;

    expect(outcomes.flatMap(({ status }, number) => (status === 'rejected' ? [number] : []))).toEqual(failing);
    expect(seen).toEqual([]);
    expect(reads).toBeGreaterThan(20);
    const stored = await countGroups(database);
    expect([...stored.keys()].sort()).toEqual(
      units
        .filter((number) => number % 3 !== 0)
        .map((number) => `unit ${number}`)
        .sort(),
    );
  });

  it('rolls back without taking a neighbour that asked meanwhile', async () => {
    let neighbour: Promise<void> | undefined;
    const failing = database.transaction(async (transaction) => {
      await insertNamespace(transaction, 'failing');
      neighbour = asAnotherRequest(() => database.transaction((own) => insertNamespace(own, 'neighbour')));
      await turn();
      throw new Error('rolled back');
    });
    // Asked from outside of the first unit, while that is open.
    const other = database.transaction((transaction) => insertNamespace(transaction, 'other'));
    await expect(failing).rejects.toThrow('rolled back');
    await other;
    await neighbour;
    expect(await countGroups(database)).toEqual(
      new Map([
        ['neighbour', 1],
        ['other', 1],
      ]),
    );
  });

  it('joins a nested unit: it sees the rows of the outer one and goes with it', async () => {
    const failing = database.transaction(async (outer) => {
      await insertNamespace(outer, 'outer');
      await database.transaction(async (inner) => {
        expect(inner).toBe(outer);
        await insertNamespace(inner, 'inner');
        expect([...(await countGroups(database)).keys()].sort()).toEqual(['inner', 'outer']);
      });
      // Not told by the inner unit's end: nobody outside sees it before the outer one's.
      expect(await database.reader.query('SELECT 1 FROM namespaces')).toEqual([]);
      throw new Error('both go');
    });
    await expect(failing).rejects.toThrow('both go');
    expect((await countGroups(database)).size).toBe(0);
  });

  it.each([['committed', false] as const, ['rolled back', true] as const])(
    'refuses a handle that was kept after its unit was %s',
    async (_how, fails) => {
      let kept: Transaction | undefined;
      const work = database.transaction(async (transaction) => {
        kept = transaction;
        if (fails) throw new Error('fails');
      });
      await work.catch(() => undefined);
      expect(kept?.isOpen).toBe(false);
      expect(() => Transaction.managerOf(kept!)).toThrow('has ended');
    },
  );

  it('does not let work that outlives its unit write into the next one', async () => {
    let late: Promise<unknown> = Promise.resolve();
    await database.transaction(async (transaction) => {
      late = turn()
        .then(turn)
        .then(() => insertNamespace(transaction, 'late'));
      late.catch(() => undefined);
    });
    const next = database.transaction(async (transaction) => {
      await insertNamespace(transaction, 'next');
      await turn();
      await turn();
      await turn();
    });
    await expect(late).rejects.toThrow('has ended');
    await next;
    expect([...(await countGroups(database)).keys()]).toEqual(['next']);
  });

  it('tells apart what broke: a unique name, a foreign key', async () => {
    await database.transaction((transaction) => insertNamespace(transaction, 'first', 'taken'));
    const duplicate = await errorOf(database.transaction((transaction) => insertNamespace(transaction, 'x', 'taken')));
    expect([isUniqueViolation(duplicate), isForeignKeyViolation(duplicate)]).toEqual([true, false]);
    const orphan = await errorOf(
      database.transaction((transaction) =>
        Transaction.managerOf(transaction).query(
          `INSERT INTO api_keys (id, namespace_id, name, permissions, prefix, key_hash, created_at) VALUES ('k', 'none', '', '', '', '', '')`,
        ),
      ),
    );
    expect([isUniqueViolation(orphan), isForeignKeyViolation(orphan)]).toEqual([false, true]);
    expect(isUniqueViolation(new Error('UNIQUE constraint failed'))).toBe(false);
    expect(isForeignKeyViolation(null)).toBe(false);
  });

  it('answers a file that another program holds with "try again", reads on meanwhile, and recovers', async () => {
    await database.transaction((transaction) => insertNamespace(transaction, 'before'));
    await database.writer.query('PRAGMA busy_timeout = 50');
    const holder = await openHandle(folder.file);
    await execute(holder, 'BEGIN IMMEDIATE');
    const busy = await errorOf(database.transaction((transaction) => insertNamespace(transaction, 'refused')));
    expect(busy).toBeInstanceOf(DomainError);
    expect(busy).toMatchObject({ kind: 'unavailable', code: 'database-busy' });
    expect([...(await countGroups(database)).keys()]).toEqual(['before']);
    await execute(holder, 'ROLLBACK');
    await database.transaction((transaction) => insertNamespace(transaction, 'after'));
    expect([...(await countGroups(database)).keys()].sort()).toEqual(['after', 'before']);
    await new Promise((resolve) => holder.close(resolve));
    await database.writer.query('PRAGMA busy_timeout = 5000');
  });

  it('keeps every promise of the file: journal, syncing, keys, and a reader that cannot write', async () => {
    for (const source of [database.writer, database.reader]) {
      expect(await source.query('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
      expect(await source.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
    }
    expect(await database.writer.query('PRAGMA synchronous')).toEqual([{ synchronous: 2 }]);
    const [{ timeout }] = await database.writer.query('PRAGMA busy_timeout');
    expect(timeout).toBeGreaterThan(0);
    await expect(database.reader.query('DELETE FROM namespaces')).rejects.toMatchObject({ code: 'SQLITE_READONLY' });
    await expect(database.readManager().query('CREATE TABLE stray (id)')).rejects.toMatchObject({
      code: 'SQLITE_READONLY',
    });
  });

  it('refuses a search for nothing in particular instead of finding everything', async () => {
    const entity = database.writer.entityMetadatas.find(({ tableName }) => tableName === 'namespaces')!.target;
    await expect(database.readManager().findOneBy(entity, { id: undefined })).rejects.toThrow(/undefined/i);
  });
});

describe('a full disk', () => {
  const folder = new DatabaseFolder();
  let database: Database;
  const insert = (group: string): Promise<void> =>
    database.transaction((transaction) => insertNamespace(transaction, group));

  beforeEach(async () => {
    database = await folder.open();
    await database.transaction((transaction) => Transaction.managerOf(transaction).query('DELETE FROM namespaces'));
  });
  afterEach(() => database.close());
  afterAll(() => folder.forget());

  /** The disk is full for one unit of work, which fails. */
  const fillOnce = async (): Promise<unknown> => {
    const [{ page_count: pages }] = await database.writer.query('PRAGMA page_count');
    await database.writer.query(`PRAGMA max_page_count = ${pages + 2}`);
    const error = await errorOf(
      database.transaction(async (transaction) => {
        for (let row = 0; row < 100; row++) await insertNamespace(transaction, 'x'.repeat(2_000));
      }),
    );
    await database.writer.query('PRAGMA max_page_count = 1000000');
    return error;
  };

  it('is answered with what to do; nothing of the unit is stored', async () => {
    expect(await fillOnce()).toMatchObject({ kind: 'insufficient-storage', code: 'no-space' });
    expect((await countGroups(database)).size).toBe(0);
  });

  it('costs no later write: what is acknowledged afterwards is stored, also after a rollback', async () => {
    await fillOnce();
    await insert('space again');
    await errorOf(
      database.transaction(async (transaction) => {
        await insertNamespace(transaction, 'rolled back');
        throw new Error('for a reason of its own');
      }),
    );
    await insert('acknowledged');
    expect([...(await countGroups(database)).keys()].sort()).toEqual(['acknowledged', 'space again']);
    await database.close();
    database = await folder.open();
    expect([...(await countGroups(database)).keys()].sort()).toEqual(['acknowledged', 'space again']);
  });
});

describe('the write queue', () => {
  it('lets one through at a time, first come first served', async () => {
    const queue = new WriteQueue(10_000);
    const events: string[] = [];
    let atWork = 0;
    const job = (name: string) => async () => {
      atWork += 1;
      events.push(`${name}:${atWork}`);
      await turn();
      atWork -= 1;
      if (name === 'b') throw new Error('b fails');
    };
    const results = await Promise.allSettled(['a', 'b', 'c', 'd'].map((name) => queue.run(job(name))));
    expect(events).toEqual(['a:1', 'b:1', 'c:1', 'd:1']);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  });

  it('gives up waiting after its limit, never starts what gave up, and serves the rest', async () => {
    const queue = new WriteQueue(40);
    let release = (): void => undefined;
    const holder = queue.run(() => new Promise<void>((resolve) => (release = resolve)));
    const started: string[] = [];
    const startedAt = performance.now();
    const first = queue.run(async () => started.push('first'));
    await expect(first).rejects.toMatchObject({ kind: 'unavailable', code: 'database-busy' });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(35);
    const second = queue.run(async () => started.push('second'));
    release();
    await Promise.all([holder, second]);
    await queue.run(async () => started.push('third'));
    expect(started).toEqual(['second', 'third']);
  });
});

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error('It was expected to fail.');
    },
    (error: unknown) => error,
  );
}

function openHandle(file: string): Promise<SqliteHandle> {
  return new Promise((resolve, reject) => {
    const handle: SqliteHandle = new SqliteHandle(file, (error) => (error ? reject(error) : resolve(handle)));
  });
}

function execute(handle: SqliteHandle, sql: string): Promise<void> {
  return new Promise((resolve, reject) => handle.exec(sql, (error) => (error ? reject(error) : resolve())));
}

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** What the programs begin with: the built server's own way to its database. */
const PREAMBLE = `
  const { join } = require('node:path');
  const [server, file, ...rest] = process.argv.slice(1);
  const { MIGRATIONS } = require(join(server, 'database', 'migrations'));
  const { openDatabase } = require(join(server, 'database', 'open-database'));
  const { Transaction } = require(join(server, 'database', 'transaction'));
  const { ENTITIES } = require(join(server, 'entities'));
  const fail = (error) => {
    console.error(error);
    process.exit(1);
  };
`;

/** Opens the database with a migration that changes something, says so, and never ends. */
export const STOP_HALF_WAY = `
  class Endless9000000000003 {
    name = 'Endless9000000000003';

    async up(runner) {
      await runner.query('CREATE TABLE half (id TEXT)');
      await runner.query("UPDATE namespaces SET description = 'half'");
      await runner.query('DROP TABLE run_plans');
      process.stdout.write('half way\\n');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
  }
  openDatabase(file, ENTITIES, [...MIGRATIONS, Endless9000000000003]).catch(fail);
`;

/**
 * Writes units of two rows, several at once, without end; prints the name of each after it was acknowledged. The first
 * word after the file is the beginning of the names.
 */
export const WRITE_ON = `
  const insert =
    "INSERT INTO namespaces (id, name, description, is_public, created_at, updated_at) VALUES (?, ?, ?, 0, '', '')";
  async function main() {
    const database = await openDatabase(file, ENTITIES, MIGRATIONS);
    const write = async (writer) => {
      for (let number = 0; ; number++) {
        const unit = [rest[0], writer, number].join('-');
        await database.transaction(async (transaction) => {
          const manager = Transaction.managerOf(transaction);
          await manager.query(insert, [unit + '-a', unit + '-a', unit]);
          await manager.query(insert, [unit + '-b', unit + '-b', unit]);
        });
        process.stdout.write(unit + '\\n');
      }
    };
    await Promise.all([0, 1, 2, 3].map(write));
  }
  main().catch(fail);
`;

/** Runs one of them in a process of its own, to be killed. */
export function startProgram(
  program: string,
  file: string,
  ...words: string[]
): ChildProcessByStdio<null, Readable, null> {
  const server = join(__dirname, '..', '..', '..', 'dist', 'src');
  return spawn(process.execPath, ['-e', PREAMBLE + program, server, file, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

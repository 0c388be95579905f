import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const HOLD = `
  const { Database } = require('sqlite3');
  const database = new Database(process.argv[1]);
  database.configure('busyTimeout', 10000);
  database.exec('BEGIN IMMEDIATE', (error) => {
    if (error) throw error;
    console.log('held');
    process.stdin.resume().once('end', () => database.exec('ROLLBACK', () => process.exit(0)));
  });
`;

/** Another process that keeps everybody else from writing. Resolves once it does. @returns what ends it */
export async function holdDatabase(file: string): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, ['-e', HOLD, file], {
    cwd: join(__dirname, '..', '..'),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), ended]);
  if (child.exitCode !== null) throw new Error('The database could not be locked.');
  return async () => {
    child.stdin.end();
    await ended;
  };
}

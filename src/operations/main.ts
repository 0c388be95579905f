import '../config/process-settings';
import { runOperation } from './command-line';

// `node dist/src/operations/main.js backup FILE`: for containers, which have no npm scripts.
const [name = '', ...args] = process.argv.slice(2);
// eslint-disable-next-line no-restricted-syntax -- a program of its own, as src/main.ts is
runOperation(name, args, process.env).then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  },
);

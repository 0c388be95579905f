import { describeRunnerContract } from './runner-contract';
import { buildRunnerIfStale } from './runner-program';
import { ServedProgram } from './served-program';

/** One process for all the calls that follow each other; only after a cancel another one is taken, as the server does. */
let program: ServedProgram | null = null;
const used: ServedProgram[] = [];

beforeAll(buildRunnerIfStale);
afterAll(async () => {
  for (const each of used) await each.stop();
});

function next(): ServedProgram {
  if (program !== null) return program;
  program = new ServedProgram();
  used.push(program);
  return program;
}

describeRunnerContract('iac-runner --serve', (request) => {
  const served = next();
  return {
    response: served.call(request).then(({ response, isReady }) => {
      expect(isReady).toBe(true);
      expect(served.stderr).toBe('');
      return response;
    }),
    cancel: () => {
      program = null;
      served.child.kill('SIGTERM');
    },
  };
});

import { describeRunnerContract } from './runner-contract';
import { answerOf, buildRunnerIfStale, startProgram, stopPrograms } from './runner-program';

beforeAll(buildRunnerIfStale);
afterEach(stopPrograms);

describeRunnerContract('iac-runner', (request) => {
  const program = startProgram({ stdin: JSON.stringify(request) });
  return { response: program.ended.then(answerOf), cancel: () => program.child.kill('SIGTERM') };
});

import { readFileSync } from 'node:fs';
import { OperationRefusedError } from './operation-refused.error';

/**
 * A secret of one command: from the environment, or from the file that `NAME_FILE` names; never from the arguments, which
 * every user of the machine can see. Null when it is not given.
 * @throws OperationRefusedError when it is given twice, or cannot be read
 */
export function secretFrom(env: NodeJS.ProcessEnv, name: string): string | null {
  const given = env[name];
  const file = env[`${name}_FILE`];
  if (given && file) throw new OperationRefusedError(`${name} is given twice: as ${name} and as ${name}_FILE.`);
  if (!file) return given ? given : null;
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch {
    throw new OperationRefusedError(`${name} cannot be read from the file that ${name}_FILE names.`);
  }
  if (text === '') throw new OperationRefusedError(`${name} is empty in the file that ${name}_FILE names.`);
  return text;
}

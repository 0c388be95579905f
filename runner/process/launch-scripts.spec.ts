import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { WAIT_FOR_TOOL } from './launch-scripts';

describe('the waiter between runner and tool', () => {
  let directory: string;
  let exit: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'runner-waiter-'));
    exit = join(directory, 'log.exit');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const waitAfter = async (word: string): Promise<unknown> => {
    const tool = ['/bin/sh', '-c', `: > ${directory}/started; exit 3`];
    const waiter = spawn('/bin/sh', ['-c', WAIT_FOR_TOOL, 'sh', exit, ...tool], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const ended = once(waiter, 'exit');
    (waiter.stdio[3] as Writable).end(word);
    return (await ended)[0];
  };

  it('starts the tool at the word of the runner, and records how it ended', async () => {
    expect(await waitAfter('go\n')).toBe(3);
    expect(readFileSync(exit, 'utf8')).toBe('3\n');
    expect(existsSync(`${exit}.none`)).toBe(false);
  });

  it('starts nothing when the runner dies without a word, and records that', async () => {
    expect(await waitAfter('')).toBe(125);
    expect(existsSync(join(directory, 'started'))).toBe(false);
    expect(existsSync(exit)).toBe(false);
    expect(existsSync(`${exit}.none`)).toBe(true);
  });
});

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readText, ROOT } from './repository';

const CONFIGURATION = join(ROOT, '.dependency-cruiser.cjs');

interface Rules {
  forbidden: { name: string; comment: string }[];
}

describe('who imports whom', () => {
  it('keeps the rules', () => {
    const cruiser = join(ROOT, 'node_modules', '.bin', 'depcruise');
    const { status, stdout, stderr } = spawnSync(cruiser, ['--config', CONFIGURATION, 'src', 'runner'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' });
  });

  it('is told in docs/architecture.md, rule by rule', () => {
    const { forbidden } = createRequire(__filename)(CONFIGURATION) as Rules;
    const page = readText('docs/architecture.md');
    expect(forbidden.map(({ name }) => name).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

import { transformFileSync } from '@swc/core';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const repository = join(__dirname, '../..');
const root = mkdtempSync(join(tmpdir(), 'plomada-hcl-'));

afterAll(() => rmSync(root, { recursive: true }));

/** What the build makes of the sources of this folder, in a folder of its own. */
function compile(): void {
  mkdirSync(join(root, 'dist/src/hcl'), { recursive: true });
  mkdirSync(join(root, 'dist/src/common'), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
  const sources = readdirSync(__dirname).filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'));
  for (const source of [...sources.map((name) => `hcl/${name}`), 'common/errors.ts']) {
    const { code } = transformFileSync(join(repository, 'src', source), { configFile: join(repository, '.swcrc') });
    writeFileSync(join(root, 'dist/src', source.replace(/\.ts$/, '.js')), code);
  }
}

it('the compiled reader works in plain node, and an idle parser does not keep the process', async () => {
  compile();
  mkdirSync(join(root, 'module'));
  writeFileSync(join(root, 'module/main.tf'), 'variable "a" { type = list(string) }');
  const program = `
    const { ModuleInterfaceReader } = require('./dist/src/hcl');
    const reader = new ModuleInterfaceReader({ idleMs: 600_000 });
    reader.read('module').then((result) => console.log(JSON.stringify([result.inputs[0].type, reader.isParserRunning])));`;
  // Without a reference of its own to the thread and the timer the process ends at once; with one, after ten minutes.
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', program], {
    cwd: root,
    timeout: 50_000,
  });
  expect(JSON.parse(stdout)).toEqual(['list(string)', true]);
  expect(stderr).toBe('');
});

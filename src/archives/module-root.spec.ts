import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findModuleRoot } from '.';

describe('module root', () => {
  let home: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'plomada-archives-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  it('is the only folder, once', async () => {
    await mkdir(join(home, 'module-1.0/inner'), { recursive: true });
    expect(await findModuleRoot(home)).toBe(join(home, 'module-1.0'));
  });

  it('is the only folder beside what archivers leave', async () => {
    await mkdir(join(home, 'module'));
    await mkdir(join(home, '__MACOSX'));
    await writeFile(join(home, '.DS_Store'), '');
    await writeFile(join(home, 'pax_global_header'), '');
    expect(await findModuleRoot(home)).toBe(join(home, 'module'));
  });

  it('is the tree itself when a file is beside the folder', async () => {
    await mkdir(join(home, 'module'));
    await writeFile(join(home, 'README.md'), '');
    expect(await findModuleRoot(home)).toBe(home);
  });

  it('is the tree itself when there are two folders, one file, or nothing', async () => {
    expect(await findModuleRoot(home)).toBe(home);
    await writeFile(join(home, 'main.tf'), '');
    expect(await findModuleRoot(home)).toBe(home);
    await rm(join(home, 'main.tf'));
    await mkdir(join(home, 'a'));
    await mkdir(join(home, 'b'));
    expect(await findModuleRoot(home)).toBe(home);
  });

  it('is the tree itself when the only entry is a link to a folder', async () => {
    await symlink('..', join(home, 'module'));
    expect(await findModuleRoot(home)).toBe(home);
  });
});

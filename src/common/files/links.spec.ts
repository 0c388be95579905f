import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEscapingLink } from './links';

describe('findEscapingLink', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'plomada-links-'));
    mkdirSync(join(root, 'tree', 'sub'), { recursive: true });
    writeFileSync(join(root, 'tree', 'file'), '');
    writeFileSync(join(root, 'secret'), '');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('lets links within the folder be', async () => {
    symlinkSync('../file', join(root, 'tree', 'sub', 'up'));
    symlinkSync('sub', join(root, 'tree', 'folder'));
    await expect(findEscapingLink(join(root, 'tree'))).resolves.toBeNull();
  });

  it.each<[string, string]>([
    ['above it', '../../secret'],
    ['to an absolute path', '/etc/passwd'],
    ['to an absolute path within it', 'ABSOLUTE'],
    ['nowhere', 'missing'],
    ['to itself', 'link'],
  ])('finds one that leads %s', async (_where, target) => {
    const named = target === 'ABSOLUTE' ? join(root, 'tree', 'file') : target;
    symlinkSync(named, join(root, 'tree', 'sub', 'link'));
    await expect(findEscapingLink(join(root, 'tree'))).resolves.toBe('sub/link');
  });

  it('finds one that leaves through another', async () => {
    mkdirSync(join(root, 'outside'));
    symlinkSync('../outside', join(root, 'tree', 'a'));
    symlinkSync('a/x', join(root, 'tree', 'b'));
    await expect(findEscapingLink(join(root, 'tree'))).resolves.toMatch(/^[ab]$/);
  });
});

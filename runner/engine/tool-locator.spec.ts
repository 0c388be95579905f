import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { locateTool, type ToolSearch } from './tool-locator';

describe('locateTool', () => {
  let root: string;

  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'tool-locator-'))));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function tool(path: string, version = '1.2.3'): string {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\necho '{"terraform_version":"${version}"}'\n`);
    chmodSync(file, 0o755);
    return file;
  }
  const locate = (search: Partial<ToolSearch>): Promise<string> =>
    locateTool({
      tool: 'terraform',
      version: undefined,
      toolsDir: undefined,
      environment: { PATH: join(root, 'bin') },
      signal: new AbortController().signal,
      ...search,
    });

  it('takes the first executable on the PATH', async () => {
    mkdirSync(join(root, 'a', 'terraform'), { recursive: true });
    chmodSync(tool('b/terraform'), 0o644);
    const good = tool('c/terraform');
    tool('d/terraform');
    const PATH = ['a', 'b', 'c', 'd'].map((name) => join(root, name)).join(':');
    expect(await locate({ environment: { PATH } })).toBe(good);
  });

  it('passes over relative and empty entries of PATH', async () => {
    tool('terraform');
    const before = process.cwd();
    process.chdir(root);
    try {
      await expect(locate({ environment: { PATH: ':.:' } })).rejects.toThrow('not on the PATH');
    } finally {
      process.chdir(before);
    }
  });

  it('says what to do when there is none', async () => {
    await expect(locate({})).rejects.toThrow(
      'terraform is not on the PATH of iac-runner: install it, or add its directory to PATH',
    );
  });

  it('says where to install a Go toolchain that is missing, and no path of the host', async () => {
    await expect(locate({ tool: 'go' })).rejects.toThrow(
      /^Go toolchain not found on the runner: install Go where iac-runner runs, and add [^/]* to its PATH$/,
    );
    const go = tool('bin/go');
    expect(await locate({ tool: 'go' })).toBe(go);
  });

  it('prefers the asked version in the tools directory', async () => {
    tool('bin/terraform', '1.5.0');
    const installed = tool('tools/terraform/1.5.0/terraform');
    expect(await locate({ version: '1.5.0', toolsDir: join(root, 'tools') })).toBe(installed);
  });

  it('takes the one on the PATH when it is the asked version', async () => {
    const onPath = tool('bin/terraform', '1.5.0');
    expect(await locate({ version: '1.5.0' })).toBe(onPath);
  });

  it('names what is there when the asked version is not', async () => {
    const onPath = tool('bin/terraform', '1.5.0');
    tool('tools/terraform/1.6.0/terraform');
    tool('tools/terraform/1.4.0/terraform');
    await expect(locate({ version: '1.7.0', toolsDir: join(root, 'tools') })).rejects.toThrow(
      `terraform 1.7.0 was asked for, but ${onPath} is 1.5.0 and ${join(root, 'tools', 'terraform')} has 1.4.0, 1.6.0.`,
    );
    await expect(locate({ version: '1.7.0', environment: {} })).rejects.toThrow(
      'no terraform is on the PATH and IAC_RUNNER_TOOLS_DIR is not set',
    );
  });

  it('gives up a version check when it is aborted', async () => {
    const file = tool('bin/terraform');
    writeFileSync(file, '#!/bin/sh\nexec sleep 600\n');
    const abort = new AbortController();
    const located = locate({ version: '1.2.3', signal: abort.signal });
    abort.abort();
    await expect(located).rejects.toThrow('abort');
  });
});
